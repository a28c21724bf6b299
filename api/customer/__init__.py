"""What customers can do by themselves: one case by its link, one order by its proof, and nothing else."""
