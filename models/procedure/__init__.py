"""What a playbook is made of, and how a case follows it."""
