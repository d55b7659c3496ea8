"""The whole service on one machine: `stillroom up`, `down`, `reset`, `status`, `demo`, `dev`."""
