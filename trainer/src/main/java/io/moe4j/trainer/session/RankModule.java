package io.moe4j.trainer.session;

import com.google.inject.AbstractModule;
import com.google.inject.Provides;
import io.moe4j.api.capture.GraphCapture;
import io.moe4j.api.comm.CommBackend;
import io.moe4j.api.comm.CommConfig;
import io.moe4j.api.comm.CommContext;
import io.moe4j.api.comm.CommRequirements;
import io.moe4j.api.comm.ReceiveCapacity;
import io.moe4j.api.device.Device;
import io.moe4j.api.device.Memory;
import io.moe4j.api.device.Stream;
import io.moe4j.api.expert.ExpertKernels;
import io.moe4j.api.group.Collectives;
import io.moe4j.api.group.Group;
import io.moe4j.api.group.PeerGroup;
import io.moe4j.api.group.RankContext;
import io.moe4j.api.memory.MemoryStack;
import io.moe4j.api.spi.Resources;
import io.moe4j.autograd.model.Model;
import io.moe4j.autograd.model.ModelContext;
import io.moe4j.autograd.model.ModelSpec;
import io.moe4j.autograd.sharding.Precision;
import io.moe4j.api.InputException;
import io.moe4j.trainer.config.TrainerConfig;
import io.moe4j.trainer.config.TrainingConfig;
import io.moe4j.trainer.step.Optimizer;
import io.moe4j.trainer.step.RankPhase;
import io.moe4j.trainer.step.TrainStep;
import jakarta.inject.Singleton;
import java.util.Optional;

/**
 * The scope of one rank. Each method opens one part, from those that it needs, and registers it to be closed. All ranks have the same module, so
 * that they open the same things in the same order, as peers must.
 */
final class RankModule extends AbstractModule {
    /** Two NaNs in bfloat16, and one in single precision. */
    private static final int NAN_PATTERN = 0x7FC0_7FC0;

    private final int rank;
    private final RankPhase phase;
    private final Resources resources;

    RankModule(int rank, RankPhase phase, Resources resources) {
        this.rank = rank;
        this.phase = phase;
        this.resources = resources;
    }

    @Override
    protected void configure() {
        bind(RankPhase.class).toInstance(phase);
    }

    @Provides
    @Singleton
    RankGroups groups(TrainerConfig config) {
        return RankGroups.of(config.parallelism(), rank);
    }

    @Provides
    @Singleton
    RankContext context(RankPlace place, RankGroups groups) {
        Device device = place.device(rank);
        Stream stream = resources.add(device.openStream("rank " + rank));
        Memory memory = resources.add(place.openStack(device));
        // A strict device shows who reads what has been given back.
        MemoryStack stack = new MemoryStack(memory, device.config().strict()
                ? freed -> stream.fill(freed, NAN_PATTERN)
                : freed -> {});
        return new RankContext(groups.world(), device, stream, stack, place.rendezvous());
    }

    @Provides
    @Singleton
    RankCollectives collectives(RankPlace place, RankContext context, RankGroups groups, Providers providers) {
        boolean exchanged = providers.comm().map(provider -> provider.requirements().needsCollectives()).orElse(false);
        return new RankCollectives(open(place, context, groups.shards()), open(place, context, groups.replicas()),
                open(place, context, groups.expertShards()), exchanged
                        ? Optional.of(resources.add(place.openCollectives(groups.expertParallel(), context)))
                        : Optional.empty());
    }

    @Provides
    @Singleton
    Optional<CommBackend> comm(TrainerConfig config, ModelSpec spec, Providers providers, RankContext context,
            RankGroups groups, RankCollectives collectives) {
        return providers.comm().map(provider -> {
            ModelSpec.MoeSpec moe = spec.moe().orElseThrow();
            CommConfig shapes = CommConfig
                    .of(config.training().localTokens(), moe.dim(), moe.experts(), moe.topK(),
                            config.training().dtype())
                    .withCapacity(config.moe().receiveCapacity(), config.moe().onOverflow());
            CommRequirements requirements = provider.requirements();
            Optional<PeerGroup> peers = requirements.needsPeerMemory() ? Optional.of(resources.add(
                    context.device().openPeerGroup(groups.expertParallel(), context.rendezvous()))) : Optional.empty();
            CommBackend backend = resources.add(provider.open(shapes,
                    new CommContext(context, groups.expertParallel(), peers, collectives.expertParallel())));
            requireStatistics(backend, provider.id(), config);
            return backend;
        });
    }

    /** What cannot report an overflow would write rows past its buffers without a word. */
    private static void requireStatistics(CommBackend backend, String id, TrainerConfig config) {
        if (backend.statistics().isEmpty()
                && !(config.moe().receiveCapacity() instanceof ReceiveCapacity.WorstCase)) {
            throw new InputException("model.moe_comm_backend = \"" + id + "\" has no statistics and cannot report"
                    + " overflows, so that rows could be lost without a word; set moe.receive_capacity to worst_case");
        }
    }

    @Provides
    @Singleton
    Optional<ExpertKernels> kernels(Providers providers, RankContext context) {
        return providers.kernels().map(provider -> resources.add(provider.open(context)));
    }

    @Provides
    @Singleton
    Model model(TrainerConfig config, ModelSpec spec, Providers providers, RankContext context, RankGroups groups,
            RankCollectives collectives, Optional<CommBackend> comm, Optional<ExpertKernels> kernels) {
        TrainingConfig training = config.training();
        Precision precision = new Precision(training.dtype(), training.parameterDtype(), training.gradientDtype(),
                config.optimizer().stateDtype());
        return resources.add(spec.open(new ModelContext(context, training.localBatchSize(), training.seqLen(),
                precision, collectives.dense(), collectives.expert(), groups.expertParallel(), comm, kernels,
                providers.recompute().policy(), config.moe().forceLoadBalance(), training.seed())));
    }

    @Provides
    @Singleton
    Optimizer optimizer(TrainerConfig config, RankContext context, Model model) {
        return resources.add(new Optimizer(context, model.units(), config.optimizer(),
                config.training().seed()));
    }

    @Provides
    @Singleton
    Optional<GraphCapture> capture(RankPlace place, RankContext context) {
        return place.openCapture(context).map(resources::add);
    }

    @Provides
    @Singleton
    TrainStep step(TrainerConfig config, RankContext context, RankGroups groups, Model model,
            Optional<CommBackend> comm, Optimizer optimizer, Optional<GraphCapture> capture) {
        return resources.add(
                new TrainStep(context, model, comm, optimizer, capture, config, phase, groups.isFirstReplica()));
    }

    private Optional<Collectives> open(RankPlace place, RankContext context, Group group) {
        return group.size() == 1 ? Optional.empty()
                : Optional.of(resources.add(place.openCollectives(group, context)));
    }
}
