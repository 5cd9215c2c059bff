#include "media/media_io.h"
#include <errno.h>
int media_io_uring_new(struct media_io **io, int wake_fd)
{
	return -ENOSYS;
}
