package io.moe4j.app.cli;

import io.moe4j.api.InputException;
import io.moe4j.api.Shown;
import io.moe4j.app.supervise.LogFiles;
import io.moe4j.app.supervise.Patience;
import io.moe4j.app.supervise.RankOutput;
import io.moe4j.app.supervise.RestartPolicy;
import io.moe4j.app.supervise.Supervisor;
import io.moe4j.launch.JobSecret;
import io.moe4j.launch.NodeFlags;
import io.moe4j.launch.NodePlacement;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.time.Duration;
import java.util.HashMap;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Set;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code moe4j launch}. */
@Command(name = "launch", sortOptions = false,
        customSynopsis = "moe4j launch --nproc N [OPTION]... train|eval [OPTION]... [--key VALUE]...",
        description = {
                "Starts a training or an evaluation in several processes of this machine, one for each rank, and ends"
                        + " them together.",
                "Shows what rank 0 reports, and the warnings and errors of all ranks, headed by their rank. Ctrl-C and SIGTERM"
                        + " are passed on: the run ends with the step under way or the next, and is saved; a second one"
                        + " kills all ranks. When one rank fails, all end."},
        footer = {"%nExamples:", "  ./moe4j launch --nproc 4 train --device cuda",
                "  ./moe4j launch --nproc 8 --max-restarts 3 train --checkpoint.enable",
                "  ./moe4j launch --nproc 8 --nnodes 2 --node-rank 0 --master-addr node0%n"
                        + "      --master-port 29500 train ...%n"})
final class LaunchCommand implements Callable<Integer> {
    /** The longest time in seconds; 292 years of nanoseconds are all that a long holds. */
    private static final long LONGEST_GRACE = 999_999_999;
    private static final String NAME = "launch";
    private static final Set<String> LAUNCHED = Set.of("train", "eval");
    private static final int SECRET_BYTES = 32;
    private static final int JOB_BYTES = 4;

    @Spec
    private CommandSpec spec = CommandSpec.create();

    @Option(names = {"-h", "--help"}, usageHelp = true, order = 0, description = "Shows this help.")
    @SuppressWarnings("UnusedVariable") // picocli sets and reads it
    private boolean help;

    @Option(names = {"--nproc", "--nproc-per-node"}, paramLabel = "N", order = 1,
            description = "Processes on this machine: one for each GPU.")
    private @Nullable Integer processes;

    @Option(names = "--devices", paramLabel = "LIST", order = 2,
            description = "The device of each process, such as 0,2 or 4-7. Default: 0 for the first, 1 for the next, and again"
                    + " from 0 where there are more processes than devices.")
    private @Nullable String devices;

    @Option(names = "--max-restarts", paramLabel = "N", order = 3, defaultValue = "0",
            description = "How often a run that has failed is started again, from its newest whole checkpoint. Default: 0. launch"
                    + " gives up earlier if two restarts in a row save nothing new.")
    private int restarts;

    @Option(names = {"--log-dir", "--output-dir"}, paramLabel = "DIR", order = 4,
            description = "A folder for all that each rank writes: rank-0.log, rank-1.log, and so on.")
    private @Nullable Path logs;

    @Option(names = "--grace", paramLabel = "SECONDS", order = 5, defaultValue = "120",
            description = "How long ranks may take to end after Ctrl-C or SIGTERM, before they are killed. Default: 120.")
    private long grace;

    @Option(names = "--nnodes", paramLabel = "N", order = 6,
            description = "Machines of this job, on each of which launch is started once. Default: the cluster's, or 1.")
    private @Nullable Integer nodes;

    @Option(names = "--node-rank", paramLabel = "N", order = 7,
            description = "Number of this machine, from 0. Default: the cluster's.")
    private @Nullable Integer node;

    @Option(names = "--master-addr", paramLabel = "HOST", order = 8, description = "Machine 0, where rank 0 runs.")
    private @Nullable String masterAddress;

    @Option(names = "--master-port", paramLabel = "PORT", order = 9,
            description = "Where rank 0 listens. Default on one machine: any free port.")
    private @Nullable Integer masterPort;

    @Option(names = CommonOptions.DEBUG, order = 10,
            description = "Shows the stack trace of an error of launch itself.")
    @SuppressWarnings("UnusedVariable") // the command line is searched for its name
    private boolean debug;

    @Parameters(arity = "0..*", paramLabel = "COMMAND", hidden = true)
    private List<String> words = List.of();

    /** Lets {@code launch} keep the arguments after a command's name, which are that command's. */
    static void keepCommand(CommandLine moe4j) {
        Optional.ofNullable(moe4j.getSubcommands().get(NAME)).ifPresent(launch -> launch.setStopAtPositional(true));
    }

    @Override
    public Integer call() throws InterruptedException {
        CommandLine command = command();
        if (words.contains("-h") || words.contains("--help")) {
            command.usage(spec.commandLine().getOut());
            return ExitCode.OK;
        }
        NodePlacement placement = NodePlacement.resolve(new NodeFlags(of(processes), of(nodes), of(node),
                Optional.ofNullable(masterAddress), of(masterPort)), System.getenv());
        if (grace < 1 || grace > LONGEST_GRACE) {
            throw new InputException("--grace " + grace + ": it must lie between 1 and " + LONGEST_GRACE
                    + " seconds; leave it out for 120");
        }
        if (restarts < 0) {
            throw new InputException("--max-restarts " + restarts
                    + ": it must be at least 0; leave it out for a run that is not started again");
        }
        List<Integer> chosen = devices == null ? List.of() : DeviceList.parse(devices, placement.processes());
        LaunchedCommand launched = LaunchedCommand.of(command, words, placement);
        if (restarts > 0) {
            launched.requireRestartable(restarts, placement.nodes());
        }
        try (LaunchedJob job = new LaunchedJob(placement, launched, chosen, shared(placement),
                Duration.ofSeconds(grace),
                restarts == 0 ? Optional.empty() : Optional.of(folder(launched, command)))) {
            int code = run(job, placement, launched.ranks());
            if (code == ExitCode.BAD_INPUT && launched.output().isEmpty()) {
                job.output().ifPresent(RunFolder::discardIfUnused);
            }
            return code;
        }
    }

    private int run(LaunchedJob job, NodePlacement placement, int ranks) throws InterruptedException {
        CommandLine line = spec.commandLine();
        Optional<LogFiles> files = Optional.ofNullable(logs)
                .map(folder -> LogFiles.in(folder, remark -> line.getErr().println("[launch] " + remark)));
        try (RankOutput output = new RankOutput(line.getOut(), line.getErr(), files)) {
            Supervisor supervisor = new Supervisor(job, output, Patience.asked(Duration.ofSeconds(grace)));
            output.tell(started(job, placement, ranks));
            try (Interrupts interrupts = Interrupts.handle(signal -> {
                output.tell(signal + " is passed on to the ranks here, as SIGTERM; after " + grace
                        + " s, or by a second signal, they are killed");
                supervisor.stop();
            }, code -> {
                supervisor.kill();
                Runtime.getRuntime().halt(code);
            })) {
                int code = supervisor.run(new RestartPolicy(restarts, job.newestCheckpoint()));
                return code == ExitCode.OK ? code : interrupts.received().map(StopSignal::exitCode).orElse(code);
            }
        }
    }

    private static String started(LaunchedJob job, NodePlacement placement, int ranks) {
        List<Integer> here = job.ranks();
        return Shown.ranks(here) + " of " + ranks + ": "
                + (placement.processes() == 1 ? "one process" : placement.processes() + " processes")
                + " on this machine, " + Shown.count(job.processors(), "processor") + " each";
    }

    private CommandLine command() {
        if (words.isEmpty()) {
            throw new ParameterException(spec.commandLine(),
                    "there is no command to start: give train or eval after the options of launch, as in moe4j launch"
                            + " --nproc 4 train --device cuda");
        }
        String name = words.getFirst();
        if (!LAUNCHED.contains(name)) {
            throw new ParameterException(spec.commandLine(), "launch " + name + ": only train and eval run in several"
                    + " processes; run moe4j " + name + " by itself");
        }
        if (processes == null && words.stream().anyMatch(word -> word.startsWith("--nproc"))) {
            throw new ParameterException(spec.commandLine(), "--nproc stands after " + name
                    + ": options of launch come before the command, as in moe4j launch --nproc 4 " + name);
        }
        return Optional.ofNullable(spec.parent()).map(moe4j -> moe4j.commandLine().getSubcommands().get(name))
                .orElseThrow(() -> new IllegalStateException("launch is a command of moe4j, and was run without it"));
    }

    /** The folder of the run and its restarts. It is chosen here, because each start would otherwise choose a new one. */
    private static Path folder(LaunchedCommand launched, CommandLine command) {
        if (launched.output().isPresent()) {
            return launched.output().get();
        }
        TrainCommand train = command.getCommand();
        try (RunFolder made = RunFolder.open(null, train.configOptions().nameOrFile(),
                launched.config().orElseThrow())) {
            return made.path();
        }
    }

    /**
     * A new job name and secret for the processes of one machine. Processes of several machines need the same ones everywhere, and take them from their
     * environment.
     */
    private static Map<String, String> shared(NodePlacement placement) {
        Map<String, String> variables = new HashMap<>();
        if (placement.nodes() == 1) {
            SecureRandom random = new SecureRandom();
            if (placement.job().isEmpty()) {
                variables.put("MOE4J_JOB_ID", "launch " + ProcessHandle.current().pid() + " " + hex(random, JOB_BYTES));
            }
            if (System.getenv(JobSecret.VARIABLE) == null && System.getenv(JobSecret.FILE_VARIABLE) == null) {
                variables.put(JobSecret.VARIABLE, hex(random, SECRET_BYTES));
            }
        }
        return variables;
    }

    private static String hex(SecureRandom random, int count) {
        byte[] bytes = new byte[count];
        random.nextBytes(bytes);
        return HexFormat.of().formatHex(bytes);
    }

    private static OptionalInt of(@Nullable Integer value) {
        return value == null ? OptionalInt.empty() : OptionalInt.of(value);
    }
}
