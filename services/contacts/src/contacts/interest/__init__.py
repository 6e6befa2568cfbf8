"""Interest: what leads and responses say of whether a prospect is one."""
