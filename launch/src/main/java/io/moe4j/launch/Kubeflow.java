package io.moe4j.launch;

import java.util.Optional;
import java.util.OptionalInt;

/**
 * Kubeflow's trainer, which passes the arguments of torchrun to a pod as variables: one process for each node, whose ranks are threads.
 *
 * <p>It sets {@code RANK} and {@code WORLD_SIZE} too: the number of the pod, and the number of processes that torchrun would start in all pods. They do not
 * belong together, so that this launcher is tried before {@link Torchrun}, whose processes also have a {@code LOCAL_RANK}.
 */
final class Kubeflow implements Launcher {

    @Override
    public Optional<Placement> read(Variables variables) {
        if ((!variables.has("PET_NODE_RANK") && !variables.has("PET_NNODES")) || variables.has("LOCAL_RANK")) {
            return Optional.empty();
        }
        OptionalInt node = variables.needed("PET_NODE_RANK", 0, "PET_NNODES");
        OptionalInt nodes = variables.needed("PET_NNODES", 1, "PET_NODE_RANK");
        OptionalInt ranks = variables.number("PET_NPROC_PER_NODE", 1);
        if (node.isEmpty() || nodes.isEmpty()) {
            return Optional.empty();
        }
        return Optional.of(new Placement("PET_NODE_RANK and PET_NNODES (Kubeflow)", node.getAsInt(), nodes.getAsInt(),
                OptionalInt.of(0), ranks, variables.text("PET_MASTER_ADDR").or(() -> variables.text("MASTER_ADDR")),
                variables.has("PET_MASTER_PORT") ? variables.number("PET_MASTER_PORT", 1)
                        : variables.number("MASTER_PORT", 1),
                variables.text("PET_RDZV_ID").map(id -> "Kubeflow " + id)));
    }
}
