"""Resources: the machines that a job runs on, their disks, and how long they are kept."""
