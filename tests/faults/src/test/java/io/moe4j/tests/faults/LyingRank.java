package io.moe4j.tests.faults;

import io.moe4j.api.InputException;
import io.moe4j.api.group.Group;
import io.moe4j.api.group.RankFailedException;
import io.moe4j.api.group.RankFailure;
import io.moe4j.api.group.Rendezvous;
import io.moe4j.launch.Endpoint;
import io.moe4j.launch.JobSecret;
import io.moe4j.launch.RankEnvironment;
import io.moe4j.launch.TcpRendezvous;
import io.moe4j.trainer.run.TrainingRun;
import io.moe4j.trainer.session.RankLaunch;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Collections;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;

/**
 * One of two processes, here two threads with a rendezvous each, was started with a wrong configuration, world, rank or secret.
 *
 * @param compares control if false: each process is told that the others have the same values
 */
record LyingRank(boolean compares) implements FaultKind {
    private static final List<String> SETTINGS = List.of("training.seed", "optimizer.beta1", "optimizer.beta2",
            "optimizer.weight_decay", "optimizer.lr", "training.max_norm", "training.steps",
            "lr_scheduler.warmup_steps", "checkpoint.interval", "moe.load_balance_coeff", "optimizer.eps");
    /** A time limit that is long enough on a busy machine. */
    private static final Duration LONG = Duration.ofSeconds(100);
    /** The time limit for ranks that never meet, and wait for each other until it passes. */
    private static final Duration SHORT = Duration.ofSeconds(4);

    /** A process of the job, with its wrong value. */
    private record Started(int rank, int world, JobSecret secret, Endpoint master, boolean compares,
            Duration timeout, List<String> overrides) {

        /** The exception with which it failed. */
        Optional<Throwable> run() {
            RankEnvironment environment = RankEnvironment.process("a fault", world, List.of(rank), 0, master);
            try (TcpRendezvous rendezvous = TcpRendezvous.open(environment, secret, timeout);
                    TrainingRun run = TinyRun.open(
                            config -> new RankLaunch(2, List.of(rank), 0,
                                    compares ? rendezvous : new Believing(rendezvous)),
                            options -> options, overrides.toArray(String[]::new))) {
                run.step();
                return Optional.empty();
            } catch (RuntimeException e) {
                return Optional.of(e);
            }
        }
    }

    @Override
    public String name() {
        return "rank that lies about its start";
    }

    @Override
    public Verdict inject(Random random, Path folder) throws Exception {
        JobSecret secret = JobSecret.of("the secret of this very fault");
        Endpoint master = new Endpoint("127.0.0.1", Ports.free());
        int lie = random.nextInt(compares ? 14 : SETTINGS.size());
        Started honest = new Started(0, 2, secret, master, compares, lie < SETTINGS.size() ? LONG : SHORT,
                List.of("training.steps=3"));
        if (lie < SETTINGS.size()) {
            String key = SETTINGS.get(lie);
            String value = switch (key) {
                case "training.seed", "lr_scheduler.warmup_steps", "checkpoint.interval" -> String
                        .valueOf(2 + random.nextInt(30));
                case "training.steps" -> String.valueOf(4 + random.nextInt(30));
                default -> "0.0" + (100 + random.nextInt(900)) + "7";
            };
            return judge("rank 1 has " + key + "=" + value, honest,
                    new Started(1, 2, secret, master, compares, LONG, List.of("training.steps=3", key + "=" + value)),
                    List.of(key));
        }
        return switch (lie - SETTINGS.size()) {
            case 0 -> judge("rank 1 has another secret", honest,
                    new Started(1, 2, JobSecret.of("the secret of another job"), master, compares, SHORT, List.of()),
                    List.of("secret"));
            case 1 -> judge("rank 1 was started for a world of 3", honest,
                    new Started(1, 3, secret, master, compares, SHORT, List.of()),
                    List.of("WORLD_SIZE", "world", "ranks"));
            default -> judge("rank 1 was started without a secret", honest,
                    new Started(1, 2, JobSecret.none(), master, compares, SHORT, List.of()), List.of("secret"));
        };
    }

    /** The process with the wrong value must be told what is wrong; the other one must end too, and name either that or the rank that does not come. */
    private static Verdict judge(String injected, Started honest, Started liar, List<String> named) throws Exception {
        Optional<Throwable> first;
        Optional<Throwable> second;
        try (ExecutorService processes = Executors.newFixedThreadPool(2)) {
            Future<Optional<Throwable>> zero = processes.submit(honest::run);
            Future<Optional<Throwable>> one = processes.submit(liar::run);
            first = zero.get();
            second = one.get();
        }
        if (first.isEmpty() || second.isEmpty()) {
            return Verdict.wrong(injected, "it trains: " + first + ", " + second);
        }
        String told = ClearText.of(second.get());
        Optional<String> flaw = ClearText.flaw(told, named);
        if (flaw.isPresent()) {
            return Verdict.unclear(injected, "the liar: " + flaw.get());
        }
        String other = ClearText.of(first.get());
        boolean known = first.get() instanceof InputException || first.get() instanceof RankFailedException
                || ClearText.of(first.get()).contains("rank 1 ");
        return known && (other.contains("rank 1") || named.stream().anyMatch(other::contains)) ? Verdict.held(injected)
                : Verdict.unclear(injected, "the other rank: " + first.get());
    }

    /** A rendezvous that tells each process that all others have the same values. */
    private record Believing(TcpRendezvous real) implements Rendezvous {
        @Override
        public List<byte[]> exchange(Group group, String key, byte[] mine) {
            List<byte[]> answers = real.exchange(group, key, mine);
            return key.startsWith("agreement") ? Collections.nCopies(answers.size(), mine) : answers;
        }

        @Override
        public void fail(RankFailure failure) {
            real.fail(failure);
        }

        @Override
        public Optional<RankFailure> failure() {
            return real.failure();
        }
    }
}
