package io.moe4j.launch;

import java.util.Optional;
import java.util.OptionalInt;

/**
 * The values of a cluster's environment variables for this node, for {@code moe4j launch}.
 *
 * @param nodes number of nodes
 * @param node number of this node
 * @param host host of node 0
 * @param port port at which process 0 listens
 * @param job name of the job
 */
record NodeVariables(OptionalInt nodes, OptionalInt node, Optional<String> host, OptionalInt port,
        Optional<String> job) {
    private static final String PROCESSES = "PET_NPROC_PER_NODE";

    /**
     * Kubeflow's variables if they are set, otherwise those of a Slurm task. {@code MASTER_ADDR} and {@code MASTER_PORT} are used if these give no meeting
     * address.
     */
    static NodeVariables read(Variables variables) {
        if (variables.has("PET_NNODES") || variables.has("PET_NODE_RANK")) {
            return kubeflow(variables);
        }
        // Set in tasks of srun, and not in the batch script itself.
        return variables.has("SLURM_STEP_NUM_NODES") ? slurm(variables)
                : new NodeVariables(OptionalInt.empty(), OptionalInt.empty(), variables.text("MASTER_ADDR"),
                        variables.number("MASTER_PORT", 1), Optional.empty());
    }

    private static NodeVariables kubeflow(Variables variables) {
        Optional<String> count = variables.text("PET_NNODES");
        if (count.filter(text -> text.contains(":")).isPresent()) {
            variables.problem("PET_NNODES=" + count.get() + ": a range is for elastic jobs, and moe4j trains on a fixed"
                    + " number of nodes; leave elasticPolicy out");
            return new NodeVariables(OptionalInt.empty(), OptionalInt.empty(), Optional.empty(), OptionalInt.empty(),
                    Optional.empty());
        }
        return new NodeVariables(variables.needed("PET_NNODES", 1, "PET_NODE_RANK"),
                variables.needed("PET_NODE_RANK", 0, "PET_NNODES"),
                variables.text("PET_MASTER_ADDR").or(() -> variables.text("MASTER_ADDR")),
                variables.has("PET_MASTER_PORT") ? variables.number("PET_MASTER_PORT", 1)
                        : variables.number("MASTER_PORT", 1),
                variables.text("PET_RDZV_ID").map(id -> "Kubeflow " + id));
    }

    private static NodeVariables slurm(Variables variables) {
        OptionalInt nodes = variables.number("SLURM_STEP_NUM_NODES", 1);
        OptionalInt tasks = variables.needed("SLURM_STEP_NUM_TASKS", 1, "SLURM_STEP_NUM_NODES");
        if (nodes.isPresent() && tasks.isPresent() && nodes.getAsInt() != tasks.getAsInt()) {
            variables.problem("SLURM_STEP_NUM_TASKS=" + tasks.getAsInt() + ", SLURM_STEP_NUM_NODES=" + nodes.getAsInt()
                    + ": moe4j launch is started once on each node, and starts the processes there itself; use srun"
                    + " --ntasks-per-node=1, or leave launch out and let srun start the processes");
        }
        Optional<Placement> task = new Slurm().read(variables);
        return new NodeVariables(nodes, variables.number("SLURM_PROCID", 0), task.flatMap(Placement::host),
                task.map(Placement::port).orElse(OptionalInt.empty()), task.flatMap(Placement::job));
    }

    /** Number of processes on this node, from Kubeflow's variables. */
    OptionalInt processes(Variables variables) {
        Optional<String> text = variables.text(PROCESSES);
        if (text.isPresent() && !text.get().matches("\\d+")) {
            variables.problem(
                    PROCESSES + "=" + text.get() + ": moe4j does not count devices by itself; set nprocPerNode to a"
                            + " number, or give --nproc");
            return OptionalInt.of(1);
        }
        return variables.number(PROCESSES, 1);
    }
}
