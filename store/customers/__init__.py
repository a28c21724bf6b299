"""What is kept of customers' own ways in: links to cases, visits to orders, tries to find one."""
