package io.moe4j.app.cli;

import io.moe4j.api.device.DeviceProvider;
import io.moe4j.api.group.ThreadRendezvous;
import io.moe4j.api.spi.Registry;
import io.moe4j.launch.RankEnvironment;
import io.moe4j.launch.TcpRendezvous;
import io.moe4j.trainer.config.ConfigUse;
import io.moe4j.trainer.config.ConfiguredChat;
import io.moe4j.trainer.config.TrainerConfig;
import io.moe4j.trainer.plugins.Plugins;
import io.moe4j.trainer.run.CapacityExceededException;
import io.moe4j.trainer.run.DataException;
import io.moe4j.trainer.run.NonFiniteException;
import io.moe4j.trainer.run.RunOptions;
import io.moe4j.trainer.run.Trainer;
import io.moe4j.trainer.run.TrainingRun;
import io.moe4j.trainer.session.RankLaunch;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParentCommand;
import picocli.CommandLine.Spec;

/** {@code moe4j train}. */
@Command(name = "train",
        description = {"Trains a model.",
                "Writes metrics.jsonl, report.html, the configuration and the checkpoints to the run's folder.",
                "Ctrl-C ends the run with the step under way or the next, and saves it where checkpoint.enable is true; "
                        + "a second Ctrl-C ends it at once."})
final class TrainCommand implements Callable<Integer> {

    @ParentCommand
    private @Nullable Main main;

    @Spec
    private CommandSpec spec = CommandSpec.create();

    @Mixin
    private CommonOptions common = new CommonOptions();

    @Mixin
    private ConfigOptions configOptions = new ConfigOptions();

    @Mixin
    private LaunchOptions launchOptions = new LaunchOptions();

    @Option(names = "--output", paramLabel = "DIR",
            description = "The run's folder, which has no other run yet. Default: outputs/CONFIG-DATE-TIME.")
    private @Nullable Path output;

    @Override
    public Integer call() throws IOException {
        Start start = launchOptions.beforeMeeting(() -> configOptions.unchecked(), this::start);
        Registry registry = start.registry();
        TrainerConfig config = start.config();
        RankEnvironment environment = start.environment();
        List<Integer> devices = start.devices();
        if (!environment.isDistributed()) {
            return train(config, registry, environment,
                    new RankLaunch(environment.worldSize(), environment.localRanks(),
                            devices, ThreadRendezvous.of(config.ranks(), config.runtime().timeout())));
        }
        try (TcpRendezvous rendezvous = TcpRendezvous.open(environment,
                LaunchOptions.secret(environment, config, System.getenv()), config.runtime().timeout())) {
            return train(config, registry, environment,
                    new RankLaunch(environment.worldSize(), environment.localRanks(), devices, rendezvous));
        }
    }

    /** This command's options on how processes are started. */
    LaunchOptions launchOptions() {
        return launchOptions;
    }

    /** This command's configuration. */
    ConfigOptions configOptions() {
        return configOptions;
    }

    /** Where plug-ins are looked for. */
    List<Path> pluginPath() {
        return common.pluginPath();
    }

    /** The run's folder, if one was given. */
    Optional<Path> output() {
        return Optional.ofNullable(output);
    }

    /** The values that this process has before it connects to the others. */
    private record Start(Registry registry, TrainerConfig config, RankEnvironment environment,
            List<Integer> devices) {}

    private Start start() {
        Registry registry = Plugins.load(common.pluginPath());
        TrainerConfig config = configOptions.load(registry,
                ConfigUse.training().withOutput(Optional.ofNullable(output)));
        RankEnvironment environment = launchOptions.resolve(config.ranks(), System.getenv());
        return new Start(registry, config, environment, launchOptions.devices(environment, config,
                registry.get(DeviceProvider.class, config.device())));
    }

    private int train(TrainerConfig config, Registry registry, RankEnvironment environment, RankLaunch launch)
            throws IOException {
        // Signals are handled until everything is written: a signal after the last step must not make a finished run look like an interrupted one.
        try (Interrupts interrupts = Interrupts.later()) {
            return launch.hasFirstRank() ? lead(config, registry, environment, launch, interrupts)
                    : follow(config, registry, environment, launch, interrupts);
        }
    }

    private int follow(TrainerConfig config, Registry registry, RankEnvironment environment, RankLaunch launch,
            Interrupts interrupts) throws IOException {
        Path chosen = SharedRunFolder.hear(environment, launch.rendezvous());
        try (TrainingRun run = open(config, registry, launch, output == null ? chosen : output)) {
            TrainLoop loop = new TrainLoop(config, run, spec.commandLine().getErr(), interrupts);
            return steps(launch, loop::follow);
        }
    }

    private int lead(TrainerConfig config, Registry registry, RankEnvironment environment, RankLaunch launch,
            Interrupts interrupts) throws IOException {
        int exitCode;
        Optional<Path> report;
        boolean saved;
        try (RunFolder folder = launch.told("making the run's folder",
                () -> folder(config, environment, launch));
                ServedMetrics served = launch.told("serving metrics", () -> ServedMetrics.open(config.metrics()));
                TrainingRun run = openShown(config, registry, launch, folder.path())) {
            long begin = run.stepsDone();
            TrainLoop loop = new TrainLoop(config, run, spec.commandLine().getErr(), interrupts);
            exitCode = steps(launch, () -> loop.lead(folder, served, spec.commandLine().getOut(), main().screen()));
            report = config.metrics().report()
                    && (run.stepsDone() > begin || EndOfRun.isOwed(folder.path())) ? Optional.of(folder.path())
                            : Optional.empty();
            // A run that makes no step continues a checkpoint of its last step.
            saved = run.lastSaved().isPresent() || run.stepsDone() == begin;
        }
        // Write the report only after the run is closed: until then, other processes of the job wait for this one.
        report.ifPresent(folder -> {
            spec.commandLine().getOut().print(EndOfRun.report(folder, output != null, saved,
                    ConfiguredChat.isLearned(config, registry), prompt(config)));
            spec.commandLine().getOut().flush();
        });
        return exitCode;
    }

    /** Makes the steps. If something between two steps fails, the other processes are told. */
    private static int steps(RankLaunch launch, Loop loop) throws IOException {
        try {
            return loop.run();
        } catch (CapacityExceededException | DataException | NonFiniteException e) {
            // All processes throw this exception at the same point, so none has to be told.
            throw e;
        } catch (IOException | RuntimeException | Error e) {
            launch.tell("the work between steps", e);
            throw e;
        }
    }

    private RunFolder folder(TrainerConfig config, RankEnvironment environment, RankLaunch launch) {
        RunFolder folder = RunFolder.open(output, configOptions.nameOrFile(),
                config);
        try {
            if (environment.isDistributed()) {
                SharedRunFolder.tell(folder.path(), environment, launch.rendezvous());
            }
            return folder;
        } catch (RuntimeException | Error e) {
            folder.close();
            throw e;
        }
    }

    /** Opens the run, and shows this on a terminal, because it takes long for a large model. */
    private TrainingRun openShown(TrainerConfig config, Registry registry, RankLaunch launch, Path folder) {
        if (output != null) {
            return openWaiting(config, registry, launch, folder);
        }
        try (UnopenedFolder _ = UnopenedFolder.of(folder)) {
            return openWaiting(config, registry, launch, folder);
        } catch (RuntimeException | Error e) {
            RunFolder.discardIfUnused(folder);
            throw e;
        }
    }

    private TrainingRun openWaiting(TrainerConfig config, Registry registry, RankLaunch launch, Path folder) {
        try (LiveOutput waiting = Waiting.show(spec.commandLine().getOut(), main().screen(),
                "opening the model and the data")) {
            waiting.refresh();
            return open(config, registry, launch, folder);
        }
    }

    private TrainingRun open(TrainerConfig config, Registry registry, RankLaunch launch, Path folder) {
        return launch.told("opening the run",
                () -> Trainer.open(config, registry, new RunOptions(launch).withOutput(folder)));
    }

    /** Makes all steps, and returns the exit code. */
    @FunctionalInterface
    private interface Loop {
        int run() throws IOException;
    }

    /** The packaged sources are Java, and begin with imports. For other data no good prompt is known, and generate asks for one. */
    private static String[] prompt(TrainerConfig config) {
        return config.data().path().isEmpty() && config.data().sources().isEmpty()
                ? new String[] {"--prompt", "import java.util."} : new String[0];
    }

    private Main main() {
        if (main == null) {
            throw new IllegalStateException("train is a command of moe4j, and was run without it");
        }
        return main;
    }
}
