/* epoll_tags.h: what stands in epoll_event.data of the services thread. */
#ifndef FI_EPOLL_TAGS_H
#define FI_EPOLL_TAGS_H

enum { FI_TAG_DOORBELL = 1, FI_TAG_REQUEST, FI_TAG_POKE, FI_TAG_CHILD };
#define FI_TAG(kind, index) ((uint64_t)(kind) << 32 | (uint32_t)(index))

#endif
