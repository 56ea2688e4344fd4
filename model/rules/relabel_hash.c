#include "relabel_hash.h"
#include "model/base/assert.h"

#include <dlfcn.h>
#include <openssl/evp.h>
#include <pthread.h>
#include <string.h>

#define SUM 16 /* bytes */

/* As the header declares them, so that the compiler checks the calls. */
static __typeof__(&EVP_Digest) evp_digest;
static __typeof__(&EVP_md5) evp_md5;

static bool sum_of(const char *text, unsigned char sum[EVP_MAX_MD_SIZE])
{
    unsigned n = 0;
    return evp_digest(text, strlen(text), sum, &n, evp_md5(), NULL) && n == SUM;
}

static void open_library(void)
{
    unsigned char sum[EVP_MAX_MD_SIZE];
    void *library =
        dlopen("libcrypto.so." OPENSSL_MSTR(OPENSSL_SHLIB_VERSION), RTLD_NOW | RTLD_LOCAL);
    if (!library)
        return;
    *(void **)&evp_digest = dlsym(library, "EVP_Digest");
    *(void **)&evp_md5 = dlsym(library, "EVP_md5");
    if (!evp_digest || !evp_md5 || !sum_of("", sum))
        evp_digest = NULL;
}

bool relabel_hash_open(void)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    UND_ASSERT(pthread_once(&once, open_library) == 0);
    return evp_digest != NULL;
}

uint64_t relabel_hash(const char *text)
{
    unsigned char sum[EVP_MAX_MD_SIZE];
    uint64_t last = 0;
    UND_ASSERT(evp_digest != NULL && sum_of(text, sum));
    for (int i = SUM / 2; i < SUM; i++)
        last = last << 8 | sum[i];
    return last;
}
