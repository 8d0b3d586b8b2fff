//! Answers of a real server, word for word, and what they mean.
