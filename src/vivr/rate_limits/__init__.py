"""Rate limits: how often one client may do what, counted in this process or shared by all."""
