"""What somebody holds before the camera or wears: prints, screens, masks, paint; and what live people wear."""
