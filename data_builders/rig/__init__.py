"""ICT-FaceKit as people who move each action unit, drawn."""
