package io.moe4j.trainer.session;

import io.moe4j.api.InputException;
import io.moe4j.api.Stability;
import io.moe4j.api.device.Device;
import io.moe4j.api.device.DeviceConfig;
import io.moe4j.api.group.Rendezvous;
import io.moe4j.api.group.ThreadRendezvous;
import io.moe4j.api.memory.MemoryStack;
import io.moe4j.api.spi.Registry;
import io.moe4j.api.spi.Resources;
import io.moe4j.autograd.model.ModelSpec;
import io.moe4j.runtime.planning.PlanningDevice;
import io.moe4j.trainer.plugins.Linking;
import io.moe4j.trainer.plugins.Opening;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.Callable;

/**
 * A model that is open on one device for generating: one rank, one sequence at a time, no gradients. Memory is planned first, like that of a training
 * session: the passes of the longest sequence are made on a device that computes nothing. Nothing is shared with another session. Closing twice is
 * harmless.
 *
 * @since 0.3.0
 */
@Stability(Stability.Level.EVOLVING)
public final class InferenceSession implements AutoCloseable {
    private final Resources resources;
    private final Device device;
    private final RankThreads threads;
    private final MemoryPlan plan;
    private final InferenceRank rank;

    /**
     * Opens a session. The parameters are zero until they are loaded.
     *
     * @throws InputException if the model cannot generate, a plug-in cannot be used, or the memory does not suffice
     */
    public static InferenceSession open(ModelSpec given, Registry registry, InferenceOptions options) {
        return Linking.guard(registry, () -> {
            ModelSpec spec = given.withPredictionDepth(0);
            requireFits(spec, options);
            return Resources.open("generating", resources -> new InferenceSession(spec, registry, options, resources));
        });
    }

    private InferenceSession(ModelSpec spec, Registry registry, InferenceOptions options, Resources resources) {
        this.resources = resources;
        InferenceProviders providers = InferenceProviders.choose(options, spec, registry);
        Rendezvous rendezvous = ThreadRendezvous.of(1, options.timeout());
        threads = resources.add(new RankThreads(List.of(0), rendezvous, registry, options.timeout()));
        plan = plan(spec, providers, options, rendezvous);
        device = resources.add(Opening.of(providers.device(), () -> providers.device().open(config(options))));
        requireMemory();
        rank = onThread("opening", () -> Resources.open("rank 0", opened -> {
            InferenceRank made = InferenceRank.open(spec, providers, options, device,
                    opened.add(device.allocate(plan.stackBytes(), "planned memory")), rendezvous, opened);
            resources.add(() -> closeOnThread(made, opened));
            return made;
        }));
    }

    /**
     * Runs work on the rank's thread, and waits for it. If it fails, its exception is thrown here, and the session can only be closed.
     *
     * @throws RunFailedException if the work failed with a checked exception or an error
     */
    public <T> T call(InferenceWork<T> work) {
        return onThread("generating", () -> work.run(rank));
    }

    /** With a single rank, it is clear which rank failed, so its own exception is thrown without a wrapper. */
    private <T> T onThread(String phaseName, Callable<T> work) {
        try {
            return threads.call((number, phase) -> {
                phase.enter(phaseName);
                return work.call();
            }).getFirst();
        } catch (RunFailedException e) {
            if (e.getCause() instanceof RuntimeException cause) {
                throw cause;
            }
            throw e;
        }
    }

    /** The memory that it takes. */
    public MemoryPlan memoryPlan() {
        return plan;
    }

    /** The device on which it computes. */
    public Device device() {
        return device;
    }

    /** A rank that did not end after a failure may still use its memory: then nothing is closed before the process ends. */
    @Override
    public void close() {
        if (!threads.areLeft()) {
            resources.close();
        }
    }

    private void closeOnThread(InferenceRank made, Resources opened) {
        onThread("closing", () -> {
            try {
                made.context().stream().synchronize();
            } finally {
                opened.close();
            }
            return made;
        });
    }

    private static void requireFits(ModelSpec spec, InferenceOptions options) {
        if (spec.cacheBytesPerToken(options.dtype()).isEmpty()) {
            throw new InputException(spec.name() + " cannot generate: its plug-in does not say what a cache takes"
                    + " (ModelSpec.cacheBytesPerToken, since version 1.4 of the models' SPI); take a newer version of it");
        }
        if (options.capacity() > spec.maxSequence()) {
            throw new InputException(
                    "a context of " + options.capacity() + " tokens: " + spec.name() + " has positions for "
                            + spec.maxSequence() + "; ask for no more");
        }
    }

    private static MemoryPlan plan(ModelSpec spec, InferenceProviders providers, InferenceOptions options,
            Rendezvous rendezvous) {
        try (PlanningDevice planning = PlanningDevice.open(providers.device().kind(), config(options),
                providers.device().workspaceSizes()); Resources opened = new Resources("plan")) {
            InferenceRank made = InferenceRank.open(spec, providers, options, planning, planning.endless(), rendezvous,
                    opened);
            made.rehearse();
            MemoryStack stack = made.context().memory();
            return new MemoryPlan(planning.allocatedBytes(), stack.peakByPurpose(), stack.peakBytes(), 0, 0);
        }
    }

    private void requireMemory() {
        if (plan.totalBytes() > device.capacityBytes()) {
            throw new InputException(String.format(Locale.ROOT,
                    "generating takes %.2f GiB, and %s has %.2f GiB. Use a shorter context, or smaller elements; the memory is %s",
                    gib(plan.totalBytes()), device.description(), gib(device.capacityBytes()), plan.byPurpose()));
        }
    }

    private static DeviceConfig config(InferenceOptions options) {
        DeviceConfig all = DeviceConfig.defaults();
        return all.withOrdinal(options.ordinal())
                .withThreads(options.threads() == 0 ? all.threads() : options.threads())
                .withStrict(options.strict()).withTimeout(options.timeout());
    }

    private static double gib(long bytes) {
        return bytes / (double) (1L << 30);
    }

    /** Work of the rank. */
    @FunctionalInterface
    public interface InferenceWork<T> {
        /** Runs on the rank's thread. */
        T run(InferenceRank rank) throws Exception;
    }
}
