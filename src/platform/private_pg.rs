//! A private PostgreSQL cluster in the data folder.
