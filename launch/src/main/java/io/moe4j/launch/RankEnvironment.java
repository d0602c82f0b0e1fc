package io.moe4j.launch;

import io.moe4j.api.Stability;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.stream.IntStream;

/**
 * The ranks that run in this JVM, and the address at which they meet the others. A launcher starts processes; each runs the same number of
 * consecutive ranks as threads. In the ordinary case there is one process, and all ranks are its threads.
 *
 * @param source origin of these values, for people
 * @param worldSize number of ranks in all processes
 * @param localRanks world ranks of this process, consecutive
 * @param localRank number, among the ranks of this host, of the first of {@code localRanks}
 * @param master address of the process of rank 0; empty if there is no other process
 * @param listen the address at which that process listens, if not the one of {@code master}
 * @param job name of the job, equal in all its processes and in no other job; empty if it is not known
 * @since 0.2.0
 */
@Stability(Stability.Level.EVOLVING)
public record RankEnvironment(String source, int worldSize, List<Integer> localRanks, int localRank,
        Optional<Endpoint> master, Optional<String> listen, Optional<String> job) {

    /** The most ranks of one process. */
    static final int MOST_RANKS = 4096;

    public RankEnvironment {
        localRanks = List.copyOf(localRanks);
        if (localRanks.isEmpty() || localRanks.stream().anyMatch(rank -> rank < 0 || rank >= worldSize)
                || (localRanks.size() < worldSize && master.isEmpty())) {
            throw new IllegalArgumentException("ranks " + localRanks + " of " + worldSize + " with "
                    + master.map(Endpoint::toString).orElse("no address to meet")
                    + ": a process has at least one rank of the world, and an address to meet the others unless it has all ranks");
        }
    }

    /** All ranks are threads of this JVM. */
    public static RankEnvironment threads(int ranks) {
        return new RankEnvironment("threads of one process", ranks, range(0, ranks), 0, Optional.empty(),
                Optional.empty(), Optional.empty());
    }

    /**
     * One of several processes of a job without a name.
     *
     * @param source origin of these values, for people
     */
    public static RankEnvironment process(String source, int worldSize, List<Integer> localRanks, int localRank,
            Endpoint master) {
        return new RankEnvironment(source, worldSize, localRanks, localRank, Optional.of(master), Optional.empty(),
                Optional.empty());
    }

    public RankEnvironment withJob(String name) {
        return new RankEnvironment(source, worldSize, localRanks, localRank, master, listen, Optional.of(name));
    }

    public RankEnvironment withListen(String address) {
        return new RankEnvironment(source, worldSize, localRanks, localRank, master, Optional.of(address), job);
    }

    /**
     * Determines the position of this process: from the flags if they are given, else from the variables of the first of Kubeflow, torchrun, Open MPI
     * or Slurm that are set. Without any, this process is the only one.
     *
     * @param ranks number of ranks in all processes; a multiple of the number of processes
     * @param flags values from the command line
     * @param environment such as {@link System#getenv()}
     * @throws LaunchException if values are missing or contradict each other; all problems at once
     */
    public static RankEnvironment resolve(int ranks, LaunchFlags flags, Map<String, String> environment) {
        Variables variables = new Variables(environment);
        Optional<Placement> placement = fromFlags(flags, variables);
        if (placement.isEmpty()) {
            for (Launcher launcher : Launcher.ALL) {
                placement = launcher.read(variables);
                variables.check();
                if (placement.isPresent()) {
                    break;
                }
            }
        }
        variables.check();
        RankEnvironment result = placement.map(place -> place(ranks, place, flags, variables))
                .orElseGet(() -> fits(ranks, 1, variables) ? threads(ranks) : threads(1));
        variables.check();
        return result;
    }

    /** Whether there are other processes. */
    public boolean isDistributed() {
        return localRanks.size() < worldSize;
    }

    private static Optional<Placement> fromFlags(LaunchFlags flags, Variables variables) {
        if (flags.process().isPresent() != flags.processes().isPresent()) {
            variables.problem("--rank " + text(flags.process()) + ", --world-size " + text(flags.processes())
                    + ": both belong together, as a launcher gives them to each process; give both or none. How many ranks a run has is --ranks");
        }
        if (flags.process().isEmpty() || flags.processes().isEmpty()) {
            return Optional.empty();
        }
        return Optional.of(new Placement("--rank and --world-size", flags.process().getAsInt(),
                flags.processes().getAsInt(), OptionalInt.empty(), OptionalInt.empty(),
                variables.text("MASTER_ADDR"), variables.number("MASTER_PORT", 1), Torchrun.run(variables)));
    }

    private static RankEnvironment place(int ranks, Placement place, LaunchFlags flags, Variables variables) {
        int process = place.process();
        int processes = place.processes();
        if (process < 0 || processes < 1 || process >= processes) {
            variables.problem("process " + process + " of " + processes + " by " + place.source()
                    + ": processes are numbered from 0 to their count - 1; give each its own number, and all the same count");
            return threads(1);
        }
        if (ranks % processes != 0) {
            variables.problem("ranks = " + ranks + ", but there are " + processes + " processes by " + place.source()
                    + ": each process runs the same number of ranks; set ranks to a multiple of " + processes
                    + ", or start a divisor of " + ranks);
            return threads(1);
        }
        int each = ranks / processes;
        if (!fits(ranks, processes, variables)) {
            return threads(1);
        }
        if (place.ranksPerProcess().isPresent() && place.ranksPerProcess().getAsInt() != each) {
            variables.problem("ranks = " + ranks + ", but " + place.source() + " start " + processes
                    + " processes with " + place.ranksPerProcess().getAsInt() + " ranks each: set ranks to "
                    + (long) processes * place.ranksPerProcess().getAsInt());
        }
        Optional<Endpoint> master = processes == 1 ? Optional.empty() : master(place, flags, variables);
        if (processes > 1 && master.isEmpty()) {
            return threads(1);
        }
        // Without information from the launcher: processes that meet over loopback share a host; otherwise each process is assumed to have its own
        // host.
        int fallback = master.filter(Endpoint::isLoopback).isPresent() ? process : 0;
        int local = flags.localProcess().orElse(place.localProcess().orElse(fallback));
        return new RankEnvironment(place.source(), ranks, range(process * each, each), local * each, master,
                flags.listen().or(() -> variables.text("MOE4J_LISTEN_ADDR")),
                variables.text("MOE4J_JOB_ID").or(place::job));
    }

    /** Notes a problem if not. Each rank of a process is a thread, with streams and memory of its own. */
    private static boolean fits(int ranks, int processes, Variables variables) {
        int each = ranks / processes;
        if (each > MOST_RANKS) {
            variables.problem("ranks = " + ranks + " in " + (processes == 1 ? "one process" : processes + " processes")
                    + ": each process would run " + each + " ranks, and " + MOST_RANKS
                    + " are the most; start more processes, or set ranks to " + (long) MOST_RANKS * processes
                    + " or fewer");
        }
        return each <= MOST_RANKS;
    }

    private static Optional<Endpoint> master(Placement place, LaunchFlags flags, Variables variables) {
        Optional<String> host = flags.host().or(place::host);
        OptionalInt port = flags.port().isPresent() ? flags.port() : place.port();
        if (host.isEmpty()) {
            variables.problem("MASTER_ADDR is not set, but there are " + place.processes() + " processes by "
                    + place.source() + ": they meet at the host of process 0; set MASTER_ADDR, or give --master-addr");
        }
        if (port.isEmpty()) {
            variables.problem("MASTER_PORT is not set, but there are " + place.processes() + " processes by "
                    + place.source() + ": process 0 listens on it; set MASTER_PORT, or give --master-port");
        } else if (port.getAsInt() < 1 || port.getAsInt() > 65535) {
            variables.problem("MASTER_PORT " + port.getAsInt() + ": ports are from 1 to 65535; choose another one");
            return Optional.empty();
        }
        return host.isEmpty() || port.isEmpty() ? Optional.empty()
                : Optional.of(new Endpoint(host.get(), port.getAsInt()));
    }

    private static List<Integer> range(int first, int count) {
        return IntStream.range(first, first + count).boxed().toList();
    }

    private static String text(OptionalInt value) {
        return value.isPresent() ? Integer.toString(value.getAsInt()) : "(not given)";
    }
}
