//! Full-text search of pages: analysis, index, queries. Knows no documents and no rights.
