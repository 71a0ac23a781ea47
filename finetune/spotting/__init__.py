"""What tells when a face expresses something: taught by drawn clips, judged by clips left out."""
