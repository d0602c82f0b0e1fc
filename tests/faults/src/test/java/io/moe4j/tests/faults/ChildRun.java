package io.moe4j.tests.faults;

import io.moe4j.launch.Endpoint;
import io.moe4j.launch.JobSecret;
import io.moe4j.launch.RankEnvironment;
import io.moe4j.launch.TcpRendezvous;
import io.moe4j.trainer.config.TrainerConfig;
import io.moe4j.trainer.run.SaveResult;
import io.moe4j.trainer.run.StepListener;
import io.moe4j.trainer.run.StepResult;
import io.moe4j.trainer.run.TrainingRun;
import io.moe4j.trainer.session.RankLaunch;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Function;

/** A run in a JVM of its own, which prints on its standard output what was saved. */
public final class ChildRun {

    private ChildRun() {}

    /** Arguments: folder, steps; and with one rank in each process: rank, port of rank 0. */
    public static void main(String[] arguments) {
        try {
            if (arguments.length == 2) {
                train(config -> RankLaunch.threads(config.ranks(), config.runtime().timeout()), arguments);
            } else {
                int rank = Integer.parseInt(arguments[2]);
                RankEnvironment environment = RankEnvironment.process("a fault", 2, List.of(rank), 0,
                        new Endpoint("127.0.0.1", Integer.parseInt(arguments[3])));
                try (TcpRendezvous rendezvous = TcpRendezvous.open(environment, JobSecret.none(),
                        Duration.ofSeconds(60))) {
                    train(config -> new RankLaunch(2, List.of(rank), 0, rendezvous), arguments);
                }
            }
        } catch (RuntimeException e) {
            System.out.println("error: " + ClearText.of(e));
            System.exit(1);
        }
        System.exit(0);
    }

    private static void train(Function<TrainerConfig, RankLaunch> launch, String... arguments) {
        try (TrainingRun run = TinyRun.open(launch, options -> options.withOutput(Path.of(arguments[0])),
                "training.steps=" + arguments[1])) {
            System.out.println("open");
            StepListener listener = new StepListener() {
                @Override
                public void made(StepResult step) {}

                @Override
                public void saved(SaveResult result) {
                    if (result.isSaved()) {
                        System.out.println("saved " + result.step());
                    }
                }
            };
            while (run.hasNext()) {
                run.step(listener);
            }
        }
    }

    /** Starts a run in a JVM with this JVM's modules and settings. */
    static Process start(Path log, String... arguments) throws IOException {
        List<String> command = new ArrayList<>();
        command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
        ManagementFactory.getRuntimeMXBean().getInputArguments().stream()
                .filter(argument -> !argument.startsWith("-javaagent") && !argument.startsWith("-agentlib"))
                // The child has a collector of its own, and a JVM takes one only.
                .filter(argument -> !argument.matches("-XX:\\+Use\\w+GC"))
                .forEach(command::add);
        command.addAll(List.of("-Xmx256m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "--class-path",
                System.getProperty("java.class.path")));
        Module module = ChildRun.class.getModule();
        if (module.isNamed()) {
            command.addAll(List.of("--module", module.getName() + "/" + ChildRun.class.getName()));
        } else {
            command.add(ChildRun.class.getName());
        }
        command.addAll(List.of(arguments));
        return new ProcessBuilder(command).redirectErrorStream(true).redirectOutput(log.toFile()).start();
    }
}
