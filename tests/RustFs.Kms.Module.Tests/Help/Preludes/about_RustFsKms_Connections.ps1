# The servers of this topic are emulators: there is no proxy to them.
$PSDefaultParameterValues.Clear()
