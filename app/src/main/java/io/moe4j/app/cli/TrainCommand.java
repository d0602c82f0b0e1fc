package io.moe4j.app.cli;

import io.moe4j.api.device.DeviceProvider;
import io.moe4j.api.group.RankFailure;
import io.moe4j.api.group.ThreadRendezvous;
import io.moe4j.api.spi.Registry;
import io.moe4j.trainer.config.ConfigLoader;
import io.moe4j.trainer.config.ConfigUse;
import io.moe4j.trainer.config.NamedConfigs;
import io.moe4j.trainer.config.TrainerConfig;
import io.moe4j.launch.RankEnvironment;
import io.moe4j.launch.TcpRendezvous;
import io.moe4j.trainer.metrics.MetricsFile;
import io.moe4j.trainer.metrics.RunSummary;
import io.moe4j.trainer.plugins.Plugins;
import io.moe4j.trainer.run.CapacityExceededException;
import io.moe4j.trainer.run.NonFiniteException;
import io.moe4j.trainer.run.RunOptions;
import io.moe4j.trainer.run.StepListener;
import io.moe4j.trainer.run.StepResult;
import io.moe4j.trainer.run.Trainer;
import io.moe4j.trainer.run.TrainingRun;
import io.moe4j.trainer.session.Launch;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** {@code moe4j train}. */
@Command(name = "train",
        description = {"Trains a model.",
                "Writes metrics.jsonl, the configuration and the checkpoints to the run's folder."})
final class TrainCommand implements Callable<Integer> {

    @Spec
    private CommandSpec spec = CommandSpec.create();

    @Mixin
    private CommonOptions common = new CommonOptions();

    @Mixin
    private ConfigOptions configOptions = new ConfigOptions();

    @Mixin
    private LaunchOptions launchOptions = new LaunchOptions();

    @Option(names = "--output", paramLabel = "DIR",
            description = "The run's folder. Default: outputs/CONFIG-DATE-TIME.")
    private @Nullable Path output;

    @Override
    public Integer call() throws IOException {
        Registry registry = Plugins.load(common.pluginPath());
        TrainerConfig config = configOptions.load(registry,
                ConfigUse.training().withOutput(Optional.ofNullable(output)));
        RankEnvironment environment = launchOptions.resolve(config.ranks(), System.getenv());
        Path folder = RunFolder.of(output, configOptions.nameOrFile(NamedConfigs.DEFAULT), environment);
        List<Integer> devices = launchOptions.devices(environment, config,
                registry.get(DeviceProvider.class, config.device()));
        if (!environment.isDistributed()) {
            return train(config, registry, new Launch(environment.worldSize(), environment.localRanks(), devices,
                    ThreadRendezvous.of(config.ranks(), config.runtime().timeout())), folder);
        }
        try (TcpRendezvous rendezvous = TcpRendezvous.open(environment,
                LaunchOptions.secret(environment, config, System.getenv()), config.runtime().timeout())) {
            return train(config, registry,
                    new Launch(environment.worldSize(), environment.localRanks(), devices, rendezvous), folder);
        }
    }

    private int train(TrainerConfig config, Registry registry, Launch launch, Path folder) throws IOException {
        try (TrainingRun run = open(config, registry, launch, folder);
                Interrupts interrupts = new Interrupts(run::requestStop)) {
            try {
                if (launch.hasFirstRank()) {
                    Files.writeString(folder.resolve("config.toml"), ConfigLoader.toml(config));
                    report(run, config, folder);
                } else {
                    while (run.hasNext()) {
                        run.step();
                    }
                }
            } catch (CapacityExceededException | NonFiniteException e) {
                // All processes have come to the same decision.
                throw e;
            } catch (IOException | RuntimeException | Error e) {
                tell(launch, "the work between steps", e);
                throw e;
            }
        }
        return ExitCode.OK;
    }

    /** Where ranks of other processes wait for those of this one, they are told why it does not come. */
    private static TrainingRun open(TrainerConfig config, Registry registry, Launch launch, Path folder) {
        try {
            if (launch.hasFirstRank()) {
                RunFolder.make(folder);
            }
            return Trainer.open(config, registry, new RunOptions(launch).withOutput(folder));
        } catch (RuntimeException | Error e) {
            tell(launch, "opening the run", e);
            throw e;
        }
    }

    /** Tells the other processes of a failure, before anything is closed that may wait for them. Harmless if a rank has told it already. */
    private static void tell(Launch launch, String phase, Throwable failure) {
        String message = failure.getMessage() == null ? failure.toString() : failure.getMessage();
        Throwable cause = failure.getCause();
        launch.rendezvous().fail(new RankFailure(launch.localRanks().getFirst(), phase,
                cause == null || cause.getMessage() == null || message.contains(cause.getMessage()) ? message
                        : message + ": " + cause.getMessage()));
    }

    /** Makes all steps, and tells about them. */
    private void report(TrainingRun run, TrainerConfig config, Path folder) {
        PrintWriter out = spec.commandLine().getOut();
        out.print(StartReport.of(run.description()));
        out.println("output    " + folder);
        out.flush();
        RunSummary summary = new RunSummary();
        long begin = run.stepsDone();
        try (MetricsFile metrics = new MetricsFile(folder.resolve("metrics.jsonl"), begin);
                ProgressOutput progress = new ProgressOutput(out, config.metrics().logEvery(), begin,
                        config.training().steps(), ProgressOutput.isTerminal())) {
            while (run.hasNext()) {
                run.step(new StepListener() {
                    @Override
                    public void made(StepResult step) {
                        metrics.add(step);
                        progress.show(step);
                        summary.add(step);
                    }

                    @Override
                    public void saving() {
                        metrics.force();
                    }
                });
            }
        }
        out.println(begin < config.training().steps() ? summary.text()
                : "no step was made: training.steps = " + config.training().steps() + ", and " + begin
                        + " were made before; raise it to go on");
        out.flush();
    }
}
