"""How the files of this folder are read, checked and kept in force; `load.py` is the door."""
