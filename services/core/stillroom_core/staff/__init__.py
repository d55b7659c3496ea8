"""Platform staff: the people who run the installation. They see how it stands, and nothing of any tenant."""
