"""What leaders and the district read about many: ready reports as pictures, tables, sentences and files."""
