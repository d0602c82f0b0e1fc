package io.moe4j.launch;

import java.util.Optional;
import java.util.OptionalInt;

/** Open MPI's {@code mpirun}. It does not tell the host of rank 0, unless all ranks run on one host. */
final class OpenMpi implements Launcher {
    private static final String RANK = "OMPI_COMM_WORLD_RANK";
    private static final String SIZE = "OMPI_COMM_WORLD_SIZE";

    @Override
    public Optional<Placement> read(Variables variables) {
        if (!variables.has(RANK) && !variables.has(SIZE)) {
            return Optional.empty();
        }
        OptionalInt process = variables.needed(RANK, 0, SIZE);
        OptionalInt processes = variables.needed(SIZE, 1, RANK);
        OptionalInt localSize = variables.number("OMPI_COMM_WORLD_LOCAL_SIZE", 1);
        if (process.isEmpty() || processes.isEmpty()) {
            return Optional.empty();
        }
        Optional<String> host = variables.text("MASTER_ADDR");
        if (host.isEmpty() && localSize.equals(processes)) {
            host = Optional.of("127.0.0.1");
        }
        OptionalInt port = variables.has("MASTER_PORT") ? variables.number("MASTER_PORT", 1)
                : OptionalInt.of(Launcher.portOf(variables.text("PMIX_NAMESPACE").orElse("Open MPI")));
        return Optional.of(new Placement(RANK + " and " + SIZE + " (Open MPI)", process.getAsInt(),
                processes.getAsInt(), variables.number("OMPI_COMM_WORLD_LOCAL_RANK", 0), OptionalInt.empty(), host,
                port, variables.text("PMIX_NAMESPACE").map(name -> "Open MPI " + name)));
    }
}
