package io.moe4j.app.cli;

import io.moe4j.api.InputException;
import io.moe4j.launch.Endpoint;
import io.moe4j.launch.LaunchFlags;
import io.moe4j.launch.NodePlacement;
import io.moe4j.launch.RankEnvironment;
import io.moe4j.trainer.config.Arguments;
import io.moe4j.trainer.config.ConfigLoader;
import io.moe4j.trainer.config.ConfigUse;
import io.moe4j.trainer.config.Resume;
import io.moe4j.trainer.config.TrainerConfig;
import io.moe4j.trainer.plugins.Plugins;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import picocli.CommandLine;
import picocli.CommandLine.ParameterException;

/**
 * The command that {@code moe4j launch} starts several times. It is checked before the first process is started, so that an error is reported once, and
 * not by each process.
 *
 * @param arguments the arguments of each process
 * @param ranks number of ranks of all processes of the job
 * @param config the checked configuration of a training; empty for other commands, which check their own
 * @param output the folder of a training's run, if one was given
 */
record LaunchedCommand(List<String> arguments, int ranks, Optional<TrainerConfig> config, Optional<Path> output) {
    private static final String RANKS = "ranks";

    LaunchedCommand {
        arguments = List.copyOf(arguments);
    }

    /**
     * Checks the words after {@code launch}.
     *
     * @param command as picocli knows it: {@code train} or {@code eval}
     * @param words the command and its arguments
     */
    static LaunchedCommand of(CommandLine command, List<String> words, NodePlacement node) {
        command.parseArgs(words.subList(1, words.size()).toArray(String[]::new));
        if (command.getCommand() instanceof TrainCommand train) {
            requireNoPlace(command, train.launchOptions());
            Arguments arguments = train.configOptions().keysOnly();
            List<String> added = ranks(train.configOptions(), arguments, node);
            List<Arguments.Override> overrides = new ArrayList<>(arguments.overrides());
            overrides.addAll(Arguments.parse(added).overrides());
            requireEvenShare(train.configOptions().unchecked().ranks(), !added.isEmpty(), node);
            TrainerConfig config = new ConfigLoader(Plugins.load(train.pluginPath())).load(
                    train.configOptions().nameOrFile(), overrides,
                    ConfigUse.training().withOutput(train.output()));
            return new LaunchedCommand(joined(words, added), config.ranks(), Optional.of(config), train.output());
        }
        if (command.getCommand() instanceof EvalCommand eval) {
            requireNoPlace(command, eval.launchOptions());
            Arguments arguments = eval.configOptions().arguments();
            List<String> added = ranks(eval.configOptions(), arguments, node);
            int ranks = added.isEmpty() ? eval.configOptions().unchecked().ranks() : node.worldSize();
            requireEvenShare(ranks, !added.isEmpty(), node);
            return new LaunchedCommand(joined(words, added), ranks, Optional.empty(), Optional.empty());
        }
        throw new IllegalArgumentException(words.getFirst() + " is not started in several processes");
    }

    /** The ranks of each process of this node. */
    List<List<Integer>> localRanks(NodePlacement node) {
        List<List<Integer>> all = new ArrayList<>();
        for (int local = 0; local < node.processes(); local++) {
            all.add(RankEnvironment.resolve(ranks, LaunchFlags.none(),
                    node.variables(local, node.master().orElse(new Endpoint("127.0.0.1", 1)))).localRanks());
        }
        return all;
    }

    /** The option that gives each process one rank; empty if the number of ranks is given. */
    private static List<String> ranks(ConfigOptions options, Arguments given, NodePlacement node) {
        boolean said = given.overrides().stream().anyMatch(override -> override.key().equals(RANKS))
                || options.unchecked().ranks() != 1;
        return said ? List.of() : List.of("--" + RANKS + "=" + node.worldSize());
    }

    private static void requireEvenShare(int ranks, boolean added, NodePlacement node) {
        int all = node.worldSize();
        if (!added && ranks % all != 0) {
            throw new InputException("ranks = " + ranks + ", and launch starts " + all + " processes"
                    + (node.nodes() > 1 ? " (--nproc " + node.processes() + " on each of " + node.nodes() + " machines)"
                            : " (--nproc " + all + ")")
                    + ": each runs the same number of ranks; add --ranks " + all
                    + " after the command, or change --nproc");
        }
    }

    private static void requireNoPlace(CommandLine command, LaunchOptions options) {
        if (!options.given().isEmpty()) {
            throw new ParameterException(command,
                    String.join(", ", options.given()) + ": launch numbers the processes and"
                            + " chooses their devices; leave " + (options.given().size() == 1 ? "it" : "them")
                            + " out, or give launch --node-rank, --master-addr, --master-port or --devices before "
                            + command.getCommandName());
        }
    }

    private static List<String> joined(List<String> words, List<String> added) {
        List<String> all = new ArrayList<>(words);
        all.addAll(added);
        return all;
    }

    /** Whether the command line names a checkpoint to continue. */
    boolean continuesAnother() {
        return config.filter(training -> training.checkpoint().resume() instanceof Resume.From).isPresent();
    }

    /** Checks that a restart with the same command can continue the run. */
    void requireRestartable(int restarts, int nodes) {
        TrainerConfig training = config.orElseThrow(() -> new InputException("--max-restarts " + restarts + " with "
                + arguments.getFirst() + ": only train goes on from checkpoints; leave --max-restarts out"));
        if (!training.checkpoint().enable()) {
            throw new InputException(
                    "--max-restarts " + restarts + ", but checkpoint.enable = false: a restart goes on from"
                            + " the newest checkpoint, and there would be none; add --checkpoint.enable");
        }
        if (nodes > 1 && output.isEmpty()) {
            throw new InputException(
                    "--max-restarts " + restarts + " on " + nodes + " nodes, without --output: all nodes go on"
                            + " in one folder, which they must know; give train an --output that all nodes share");
        }
    }
}
