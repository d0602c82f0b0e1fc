package io.moe4j.launch;

import io.moe4j.api.Stability;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;

/**
 * One node of a job: how many processes {@code moe4j launch} starts there, and which of the job's processes they are. Each of these processes then reads its
 * own {@link RankEnvironment}.
 *
 * <p>Example: with 4 processes on each of 2 nodes, node 1 starts processes 4 to 7 of 8.
 *
 * @param node number of this node, from 0
 * @param nodes number of nodes; each has the same number of processes
 * @param processes number of processes on each node
 * @param master where process 0 listens; empty if there is one node, and no port was given: any free port will do
 * @param job name of the job, equal on all its nodes and in no other job, where it is known
 * @since 0.3.0
 */
@Stability(Stability.Level.EVOLVING)
public record NodePlacement(int node, int nodes, int processes, Optional<Endpoint> master, Optional<String> job) {
    /** More processes on one node are a mistake. */
    private static final int MOST_PROCESSES = 1024;

    public NodePlacement {
        if (nodes < 1 || node < 0 || node >= nodes || processes < 1 || (nodes > 1 && master.isEmpty())) {
            throw new IllegalArgumentException("node " + node + " of " + nodes + " with " + processes
                    + " processes and " + master.map(Endpoint::toString).orElse("no address to meet")
                    + ": nodes are numbered from 0, have at least one process, and meet somewhere if there are several");
        }
    }

    /**
     * Determines the position of this node: each value from the flags, or else from the variables of Kubeflow's trainer ({@code PET_NNODES} and others)
     * or of Slurm, where {@code srun} has started one task on each node. Without either there is one node.
     *
     * @param environment such as {@link System#getenv()}
     * @throws LaunchException if values are missing or contradict each other; all problems at once
     */
    public static NodePlacement resolve(NodeFlags flags, Map<String, String> environment) {
        Variables variables = new Variables(environment);
        NodeVariables given = NodeVariables.read(variables);
        int processes = processes(flags.processes().isPresent() ? flags.processes() : given.processes(variables),
                variables);
        int nodes = atLeast(1, "--nnodes", flags.nodes().isPresent() ? flags.nodes() : given.nodes(), variables);
        OptionalInt node = flags.node().isPresent() ? flags.node() : given.node();
        if (nodes > 1 && node.isEmpty()) {
            variables.problem(
                    "--nnodes " + nodes + ", and the number of this node is not known: nodes are numbered from 0;"
                            + " give each its own --node-rank");
        } else if (node.orElse(0) < 0 || node.orElse(0) >= nodes) {
            variables.problem(
                    "--node-rank " + node.orElse(0) + " of --nnodes " + nodes + ": nodes are numbered from 0 to "
                            + (nodes - 1) + "; correct one of the two");
        }
        Optional<Endpoint> master = master(nodes, flags, given, variables);
        variables.check();
        return new NodePlacement(node.orElse(0), nodes, processes, master,
                variables.text("MOE4J_JOB_ID").or(given::job));
    }

    /** Number of processes of the job. */
    public int worldSize() {
        return nodes * processes;
    }

    /** The job's number of a process of this node. */
    public int process(int local) {
        return node * processes + local;
    }

    /**
     * The variables that tell a process its place, named as torchrun's are.
     *
     * @param local number of the process on this node
     * @param meeting where process 0 listens
     */
    public Map<String, String> variables(int local, Endpoint meeting) {
        Map<String, String> variables = new LinkedHashMap<>();
        variables.put("RANK", Integer.toString(process(local)));
        variables.put("WORLD_SIZE", Integer.toString(worldSize()));
        variables.put("LOCAL_RANK", Integer.toString(local));
        variables.put("LOCAL_WORLD_SIZE", Integer.toString(processes));
        variables.put("MASTER_ADDR", meeting.host());
        variables.put("MASTER_PORT", Integer.toString(meeting.port()));
        job.ifPresent(name -> variables.put("MOE4J_JOB_ID", name));
        return variables;
    }

    private static int processes(OptionalInt given, Variables variables) {
        if (given.isEmpty()) {
            variables.problem(
                    "--nproc is missing: it is the number of processes that are started on this machine; for one"
                            + " on each of 4 GPUs, give --nproc 4");
        } else if (given.getAsInt() < 1 || given.getAsInt() > MOST_PROCESSES) {
            variables.problem("--nproc " + given.getAsInt() + ": the number of processes on this machine is from 1 to "
                    + MOST_PROCESSES + "; give one for each GPU");
        }
        return Math.clamp(given.orElse(1), 1, MOST_PROCESSES);
    }

    private static int atLeast(int least, String name, OptionalInt given, Variables variables) {
        if (given.orElse(least) < least) {
            variables.problem(name + " " + given.getAsInt() + ": it must be at least " + least + "; correct it");
        }
        return Math.max(least, given.orElse(least));
    }

    private static Optional<Endpoint> master(int nodes, NodeFlags flags, NodeVariables given, Variables variables) {
        Optional<String> host = flags.host().or(given::host);
        OptionalInt port = flags.port().isPresent() ? flags.port() : given.port();
        if (nodes == 1) {
            // Variables of several nodes, such as those of a batch system, do not concern a job of one.
            host = Optional.of(flags.host().orElse("127.0.0.1"));
            port = flags.port();
            if (port.isEmpty()) {
                return Optional.empty();
            }
        }
        if (host.isEmpty()) {
            variables.problem(
                    "--nnodes " + nodes + ", and neither --master-addr nor MASTER_ADDR is set: all nodes meet at"
                            + " node 0; give them its name or address");
        }
        if (port.isEmpty()) {
            variables.problem(
                    "--nnodes " + nodes + ", and neither --master-port nor MASTER_PORT is set: process 0 listens"
                            + " there; give all nodes the same free port, such as 29500");
        } else if (port.getAsInt() < 1 || port.getAsInt() > 65535) {
            variables.problem("--master-port " + port.getAsInt() + ": ports are from 1 to 65535; choose another one");
            return Optional.empty();
        }
        return host.isEmpty() || host.get().isBlank() || port.isEmpty() ? Optional.empty()
                : Optional.of(new Endpoint(host.get(), port.getAsInt()));
    }
}
