package io.moe4j.trainer.session;

import com.google.inject.Guice;
import com.google.inject.Stage;
import io.moe4j.api.Stability;
import io.moe4j.api.device.Device;
import io.moe4j.api.device.DeviceConfig;
import io.moe4j.api.spi.Registry;
import io.moe4j.api.spi.Resources;
import io.moe4j.autograd.model.ModelSpec;
import io.moe4j.api.InputException;
import io.moe4j.trainer.checkpoint.HostCopy;
import io.moe4j.trainer.config.ConfiguredModel;
import io.moe4j.trainer.config.DeviceSettings;
import io.moe4j.trainer.config.TrainerConfig;
import io.moe4j.trainer.plugins.Linking;
import io.moe4j.trainer.plugins.Opening;
import io.moe4j.trainer.step.Schedule;
import java.util.Collections;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.concurrent.ConcurrentSkipListMap;
import java.util.function.BiFunction;
import java.util.function.BooleanSupplier;
import java.util.function.Consumer;
import java.util.function.Function;
import java.util.stream.Collectors;
import java.util.stream.IntStream;

/**
 * Everything that is open in this JVM for a run: the devices, and for each rank of this JVM a thread with all its parts. Nothing is shared with another
 * session. Closing it closes everything in reverse order; closing twice is harmless.
 *
 * @since 0.1.0
 */
@Stability(Stability.Level.EVOLVING)
public final class TrainingSession implements AutoCloseable {
    private final RankLaunch launch;
    private final Providers providers;
    private final Resources resources = new Resources("session");
    private final Map<Integer, RankSession> ranks = new ConcurrentSkipListMap<>();
    private final RankThreads threads;
    private final Map<Integer, MemoryPlan> memoryPlans;
    private final Overlapping overlapping;
    private final Optional<RecomputePlan> recomputePlan;
    private final Map<Integer, Device> deviceByOrdinal = new TreeMap<>();
    private BooleanSupplier left = () -> false;

    /**
     * Opens a session. Memory is planned first: one step is made on a device that computes nothing, and the memory that this step needs is then allocated.
     *
     * @param spec the model, with the communication backend that it names; with low-rank updates, its modules for multi-token prediction are left out
     * @throws InputException if the memory does not suffice
     * @throws RunFailedException if a rank could not be opened; parts that were opened already are closed
     */
    public static TrainingSession open(TrainerConfig config, ModelSpec spec, Registry registry, RankLaunch launch) {
        return open(config, spec, registry, launch, Schedule.oneAfterTheOther());
    }

    /**
     * Opens a session as {@link #open(TrainerConfig, ModelSpec, Registry, RankLaunch)} does.
     *
     * @param schedule the order in which microbatches pass through the model
     */
    public static TrainingSession open(TrainerConfig config, ModelSpec spec, Registry registry, RankLaunch launch,
            Schedule schedule) {
        return open(config, ConfiguredModel.trained(config, spec), registry, launch, schedule,
                SessionPurpose.TRAINING);
    }

    /**
     * Opens a session that evaluates and does not train.
     *
     * @since 0.3.0
     */
    public static TrainingSession openEvaluation(TrainerConfig config, ModelSpec spec, Registry registry,
            RankLaunch launch) {
        return open(config, spec, registry, launch, Schedule.oneAfterTheOther(), SessionPurpose.EVALUATION);
    }

    private static TrainingSession open(TrainerConfig config, ModelSpec spec, Registry registry, RankLaunch launch,
            Schedule schedule, SessionPurpose purpose) {
        return Linking.guard(registry, () -> new TrainingSession(config, spec,
                Providers.choose(config, spec, registry), launch, schedule, purpose, registry));
    }

    private TrainingSession(TrainerConfig config, ModelSpec spec, Providers providers, RankLaunch launch,
            Schedule schedule, SessionPurpose purpose, Registry registry) {
        this.launch = launch;
        this.providers = providers;
        try {
            for (int ordinal : new TreeSet<>(launch.deviceOrdinals())) {
                Device device = resources.add(Opening.of(providers.device(),
                        () -> providers.device().open(deviceConfig(config.runtime(), ordinal))));
                SupportedProducts.require(config, device);
                deviceByOrdinal.put(ordinal, device);
            }
            BiFunction<Overlapping, Recompute, Map<Integer, MemoryPlan>> planned = (streams, chosen) -> {
                Map<Integer, MemoryPlan> plans = new TreeMap<>();
                launch.localRanks().forEach(rank -> plans.put(rank, WatchedCall.of("planning of rank " + rank, registry,
                        config.runtime().timeout(),
                        () -> MemoryPlanner.plan(config, spec, providers, schedule, purpose, chosen, streams, rank,
                                group -> launch.localRanks().containsAll(group.ranks())).memory())));
                return plans;
            };
            Map<Overlapping, Optional<RecomputePlan>> kept = new HashMap<>();
            Function<Overlapping, Optional<RecomputePlan>> keeping = asked -> kept.computeIfAbsent(asked,
                    streams -> RecomputePlanner.of(config, spec, providers, schedule, streams)
                            .map(planner -> planner.plan(config.activationCheckpoint().memoryBudget(),
                                    () -> new SpareMemory(launch, deviceByRank()).least(planned.apply(streams,
                                            RecomputePlanner.keepingNothing(providers))))));
            boolean trains = purpose != SessionPurpose.EVALUATION;
            overlapping = trains ? Overlapping.of(config, providers, launch, deviceByRank()).decide(keeping)
                    : Overlapping.OFF;
            recomputePlan = trains ? keeping.apply(overlapping) : Optional.empty();
            Recompute recompute = RecomputePlanner.recompute(providers, recomputePlan,
                    schedule.lanes(config.microbatches()));
            memoryPlans = planned.apply(overlapping, recompute);
            deviceByOrdinal.keySet().forEach(this::checkFits);
            threads = resources.add(new RankThreads(launch.localRanks(), launch.rendezvous(), registry,
                    config.runtime().timeout()));
            left = threads::areLeft;
            RankOpener opener = Guice.createInjector(Stage.DEVELOPMENT, new SessionModule(config, spec, providers,
                    new DevicePlace(deviceByRank(), launch.rendezvous(), memoryPlans, providers), schedule, purpose,
                    recompute, overlapping)).getInstance(RankOpener.class);
            threads.call((rank, phase) -> ranks.put(rank, opener.open(rank, phase)));
        } catch (RuntimeException | Error e) {
            closeAfter(e);
            throw e;
        }
    }

    /**
     * Runs work on all ranks of this JVM at the same time, each on its own thread.
     *
     * @return the result of each rank, in the order of the ranks
     * @throws RunFailedException if one failed; the session can only be closed then
     */
    public <T> List<T> onRanks(RankWork<T> work) {
        return threads.call((rank, phase) -> {
            RankSession session = ranks.get(rank);
            if (session == null) {
                throw new IllegalStateException("the session is closed");
            }
            return work.run(session);
        });
    }

    /** Which ranks run in this JVM, and how they connect to the others. */
    public RankLaunch launch() {
        return launch;
    }

    /** Their devices, by number. */
    public Map<Integer, Device> devices() {
        return Collections.unmodifiableMap(deviceByOrdinal);
    }

    /** The plug-ins in use. */
    public Providers providers() {
        return providers;
    }

    /** The memory plan of the rank of this JVM that needs the most. */
    public MemoryPlan memoryPlan() {
        return Collections.max(memoryPlans.values(), Comparator.comparingLong(MemoryPlan::totalBytes));
    }

    /**
     * Whether ranks have streams beside the main one.
     *
     * @since 0.3.0
     */
    public Overlapping overlapping() {
        return overlapping;
    }

    /**
     * What is kept within the memory budget, and what blocks compute again; empty if no budget decides that.
     *
     * @since 0.3.0
     */
    public Optional<RecomputePlan> recomputePlan() {
        return recomputePlan;
    }

    /** A rank that did not end after a failure may still use memory of any rank and device: then nothing is closed before the process ends. */
    @Override
    public void close() {
        try {
            if (!ranks.isEmpty() && !left.getAsBoolean()) {
                onOpenRanks("draining", RankSession::drain);
                onOpenRanks("closing", RankSession::close);
                ranks.clear();
            }
        } finally {
            if (!left.getAsBoolean()) {
                resources.close();
            }
        }
    }

    private void onOpenRanks(String name, Consumer<RankSession> work) {
        threads.call((rank, phase) -> {
            phase.enter(name);
            Optional.ofNullable(ranks.get(rank)).ifPresent(work);
            return rank;
        });
    }

    private void closeAfter(Throwable failure) {
        try {
            close();
        } catch (RuntimeException second) {
            failure.addSuppressed(second);
        }
    }

    private Map<Integer, Device> deviceByRank() {
        Map<Integer, Device> byRank = new TreeMap<>();
        for (int i = 0; i < launch.localRanks().size(); i++) {
            byRank.put(launch.localRanks().get(i),
                    Objects.requireNonNull(deviceByOrdinal.get(launch.deviceOrdinals().get(i))));
        }
        return byRank;
    }

    private void checkFits(int ordinal) {
        Device device = Objects.requireNonNull(deviceByOrdinal.get(ordinal));
        int ranksOnIt = Collections.frequency(launch.deviceOrdinals(), ordinal);
        long wanted = IntStream.range(0, launch.localRanks().size())
                .filter(i -> launch.deviceOrdinals().get(i) == ordinal)
                .mapToLong(i -> needed(Objects.requireNonNull(memoryPlans.get(launch.localRanks().get(i))))).sum();
        if (wanted > device.capacityBytes()) {
            throw new InputException(String.format(Locale.ROOT,
                    "%d ranks take up to %.2f GiB each, together %.2f GiB, and %s has %.2f GiB. Of a rank's, most is %s. Use more devices"
                            + " (runtime.devices), fewer tokens (training.local_batch_size, training.seq_len), a smaller"
                            + " moe.receive_capacity" + smallerBudget() + ", or smaller element types",
                    ranksOnIt, gib(memoryPlan().totalBytes()), gib(wanted), device.description(),
                    gib(device.capacityBytes()), largest()));
        }
    }

    /** The bytes of a plan without the copy for checkpoints, which is optional. */
    private static long needed(MemoryPlan plan) {
        return plan.totalBytes() - plan.allocated().getOrDefault(HostCopy.PURPOSE, 0L);
    }

    private String smallerBudget() {
        return recomputePlan.filter(plan -> plan.usedBytes() > 0)
                .map(plan -> " or activation_checkpoint.memory_budget").orElse("");
    }

    /** The purposes that take the most of a rank's memory. */
    private String largest() {
        return memoryPlan().byPurpose().entrySet().stream()
                .sorted(Map.Entry.<String, Long>comparingByValue().reversed()).limit(4)
                .map(entry -> String.format(Locale.ROOT, "%s (%.2f GiB)", entry.getKey(), gib(entry.getValue())))
                .collect(Collectors.joining(", "));
    }

    private static double gib(long bytes) {
        return bytes / (double) (1L << 30);
    }

    static DeviceConfig deviceConfig(DeviceSettings settings, int ordinal) {
        DeviceConfig all = DeviceConfig.defaults();
        return all.withOrdinal(ordinal)
                .withThreads(settings.threads() == 0 ? all.threads() : settings.threads())
                .withStrict(settings.strict()).withTimeout(settings.timeout());
    }

    /** Work of a rank. */
    @FunctionalInterface
    public interface RankWork<T> {
        /** Runs on the rank's thread. */
        T run(RankSession rank) throws Exception;
    }
}
