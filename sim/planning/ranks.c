#include "ranks.h"

#ifdef UND_MPI
#include "model/base/assert.h"

#include <mpi.h>
#include <stdlib.h>
#include <string.h>

#define TAG 1

static int mine, all = 1, here = 1;
static _Bool begun;

/* Only under mpirun: a start without it would cost every command half a second. */
void ranks_begin(void)
{
    MPI_Comm local;
    if (!getenv("OMPI_COMM_WORLD_SIZE") && !getenv("PMIX_RANK") && !getenv("PMI_RANK"))
        return;
    MPI_Init(NULL, NULL);
    MPI_Comm_rank(MPI_COMM_WORLD, &mine);
    MPI_Comm_size(MPI_COMM_WORLD, &all);
    MPI_Comm_split_type(MPI_COMM_WORLD, MPI_COMM_TYPE_SHARED, 0, MPI_INFO_NULL, &local);
    MPI_Comm_size(local, &here);
    MPI_Comm_free(&local);
    begun = 1;
}

void ranks_end(void)
{
    if (begun)
        MPI_Finalize();
    begun = 0;
    mine = 0;
    all = here = 1;
}

static void send(const json_t *texts)
{
    const json_t *text;
    size_t i;
    long n = (long)json_array_size(texts);
    MPI_Send(&n, 1, MPI_LONG, 0, TAG, MPI_COMM_WORLD);
    json_array_foreach (texts, i, text) {
        const char *line = json_string_value(text);
        MPI_Send(line, (int)strlen(line), MPI_CHAR, 0, TAG, MPI_COMM_WORLD);
    }
}

static void receive(int from, json_t *texts)
{
    long n, i;
    MPI_Recv(&n, 1, MPI_LONG, from, TAG, MPI_COMM_WORLD, MPI_STATUS_IGNORE);
    for (i = 0; i < n; i++) {
        MPI_Status status;
        char *line;
        int length;
        MPI_Probe(from, TAG, MPI_COMM_WORLD, &status);
        MPI_Get_count(&status, MPI_CHAR, &length);
        line = malloc((size_t)length + 1);
        UND_ASSERT(line != NULL);
        MPI_Recv(line, length, MPI_CHAR, from, TAG, MPI_COMM_WORLD, MPI_STATUS_IGNORE);
        json_array_append_new(texts, json_stringn(line, (size_t)length));
        free(line);
    }
}

json_t *ranks_gather(const json_t *texts)
{
    json_t *of_all;
    int rank;
    if (mine > 0) {
        send(texts);
        return NULL;
    }
    of_all = json_deep_copy(texts);
    for (rank = 1; rank < all; rank++)
        receive(rank, of_all);
    return of_all;
}
#else
void ranks_begin(void)
{
}

void ranks_end(void)
{
}

json_t *ranks_gather(const json_t *texts)
{
    return json_deep_copy(texts);
}

static const int mine = 0, all = 1, here = 1;
#endif

int ranks_mine(void)
{
    return mine;
}

int ranks_all(void)
{
    return all;
}

int ranks_here(void)
{
    return here;
}
