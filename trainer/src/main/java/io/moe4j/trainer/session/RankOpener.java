package io.moe4j.trainer.session;

import io.moe4j.api.InputException;
import io.moe4j.api.capture.GraphCapture;
import io.moe4j.api.comm.CommBackend;
import io.moe4j.api.comm.CommBackendProvider;
import io.moe4j.api.comm.CommConfig;
import io.moe4j.api.comm.CommContext;
import io.moe4j.api.device.Device;
import io.moe4j.api.device.Memory;
import io.moe4j.api.device.Stream;
import io.moe4j.api.expert.ExpertKernels;
import io.moe4j.api.group.Collectives;
import io.moe4j.api.group.Group;
import io.moe4j.api.group.PeerGroup;
import io.moe4j.api.group.RankContext;
import io.moe4j.api.memory.MemoryStack;
import io.moe4j.api.memory.StackWatcher;
import io.moe4j.api.spi.Resources;
import io.moe4j.api.spi.SpiVersion;
import io.moe4j.autograd.model.Model;
import io.moe4j.autograd.model.ModelContext;
import io.moe4j.autograd.model.ModelSpec;
import io.moe4j.autograd.model.RouterLossFactors;
import io.moe4j.autograd.model.Stage;
import io.moe4j.autograd.sharding.ParameterUnit;
import io.moe4j.autograd.sharding.Precision;
import io.moe4j.autograd.sharding.UnitOverlap;
import io.moe4j.profile.SpanRecorder;
import io.moe4j.trainer.checkpoint.RankState;
import io.moe4j.trainer.config.KeepConverted;
import io.moe4j.trainer.config.PlugInFit;
import io.moe4j.trainer.config.ReshardAfterForward;
import io.moe4j.trainer.config.TrainerConfig;
import io.moe4j.trainer.config.TrainingConfig;
import io.moe4j.trainer.plugins.ExchangeNeeds;
import io.moe4j.trainer.plugins.Opening;
import io.moe4j.trainer.step.Optimizer;
import io.moe4j.trainer.step.Evaluator;
import io.moe4j.trainer.step.RankPhase;
import io.moe4j.trainer.step.Schedule;
import io.moe4j.trainer.step.TrainStep;
import jakarta.inject.Inject;
import java.util.List;
import java.util.Optional;
import java.util.stream.IntStream;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Opens all parts of a rank, one after the other. Every rank runs the same code, because peers must open the same things in the same order. */
final class RankOpener {
    /** A bit pattern that reads as two NaNs in bfloat16, and as one in single precision. */
    private static final int NAN_PATTERN = 0x7FC0_7FC0;
    private static final Logger log = LoggerFactory.getLogger(RankOpener.class);

    private final TrainerConfig config;
    private final ModelSpec spec;
    private final Providers providers;
    private final RankPlace place;
    private final Schedule schedule;
    private final SessionPurpose purpose;
    private final Recompute recompute;
    private final Overlapping overlapping;

    @Inject
    RankOpener(TrainerConfig config, ModelSpec spec, Providers providers, RankPlace place, Schedule schedule,
            SessionPurpose purpose, Recompute recompute, Overlapping overlapping) {
        this.overlapping = overlapping;
        this.recompute = recompute;
        this.config = config;
        this.spec = spec;
        this.providers = providers;
        this.place = place;
        this.schedule = schedule;
        this.purpose = purpose;
    }

    /**
     * Opens a rank; every rank of the world calls this. If it fails, the other ranks are told, and parts that were opened already are closed.
     *
     * @throws RuntimeException the failure, unchanged
     */
    RankSession open(int rank, RankPhase phase) {
        Resources resources = new Resources("rank " + rank);
        try {
            RankSession session = open(rank, phase, resources);
            session.awaitAll();
            return session;
        } catch (RuntimeException | Error e) {
            // Tell the others first: closing may wait for them, and they would wait for this rank.
            RankThreads.report(place.rendezvous(), rank, phase, e);
            try {
                resources.close();
            } catch (RuntimeException second) {
                e.addSuppressed(second);
            }
            throw e;
        }
    }

    private RankSession open(int rank, RankPhase phase, Resources resources) {
        RankGroups groups = RankGroups.of(config.parallelism(), rank);
        SpanRecorder recorder = new SpanRecorder(rank);
        RankContext context = context(rank, groups, resources).withSpans(recorder);
        RankCollectives collectives = collectives(context, groups, resources);
        Optional<CommBackend> comm = providers.comm()
                .map(provider -> comm(provider, context, groups, collectives, resources));
        Optional<ExpertKernels> kernels = providers.kernels()
                .map(provider -> resources.add(Opening.of(provider, () -> provider.open(context))));
        kernels.ifPresent(opened -> SupportedProducts.require(config, opened));
        Model model = resources.add(spec.open(modelContext(context, groups, collectives, comm, kernels)));
        if (purpose == SessionPurpose.TRAINING && staysGathered()) {
            GatheredOften.of(model.stages(), config.microbatches()).forEach(ParameterUnit::keepGathered);
        }
        UnitOverlap.open(context, overlapped(model), config.microbatches() > 1).ifPresent(resources::add);
        Optional<RankTraining> training = purpose == SessionPurpose.EVALUATION ? Optional.empty()
                : Optional.of(training(context, groups, model, comm, phase, resources));
        Optional<Evaluator> evaluator = training.isPresent() && config.validation().interval() == 0 ? Optional.empty()
                : Optional.of(resources.add(new Evaluator(context, model, comm, config, phase)));
        return new RankSession(context, groups, model, comm, kernels, training, evaluator, phase, recorder, resources);
    }

    private boolean staysGathered() {
        return config.parallelism().reshardAfterForward() == ReshardAfterForward.NEVER || recompute.keepsGathered();
    }

    /** The units of all stages but the first, whose gathering no computation could hide. Empty for a model without stages. */
    private static List<List<ParameterUnit>> overlapped(Model model) {
        return model.stages().stream().skip(1).map(Stage::units).toList();
    }

    private RankTraining training(RankContext context, RankGroups groups, Model model, Optional<CommBackend> comm,
            RankPhase phase, Resources resources) {
        Optimizer optimizer = resources.add(new Optimizer(context, model, config.optimizer(),
                config.training().dtype(), config.training().seed()));
        Optional<GraphCapture> capture = place.openCapture(context).map(resources::add);
        TrainStep step = resources.add(new TrainStep(context, model, comm, optimizer, capture,
                config, schedule, recompute.policy(), phase, groups.isFirstReplica(),
                groups.expertParallel().index() == 0, canDigest(context.rank()), isDeviceSince(4)));
        boolean copied = config.checkpoint().enable() && config.checkpoint().background();
        return new RankTraining(optimizer, step, copied ? CheckpointRoom
                .open(new RankState(context, model, optimizer, groups.isFirstReplica())).map(resources::add)
                : Optional.empty());
    }

    /** Digests came with version 1.3 of the devices' SPI. */
    private boolean canDigest(int rank) {
        boolean can = isDeviceSince(3);
        if (!can && rank == 0 && config.runtime().agreementInterval() > 0) {
            log.info(
                    "ranks are not compared (runtime.agreement_interval): the plug-in of device \"{}\" was built against"
                            + " version {} of its SPI, and digests came with 1.3",
                    providers.device().id(), providers.device().spiVersion());
        }
        return can;
    }

    private boolean isDeviceSince(int minor) {
        return SpiVersion.parse(providers.device().spiVersion()).isSince(new SpiVersion(1, minor));
    }

    private RankContext context(int rank, RankGroups groups, Resources resources) {
        Device device = place.device(rank);
        Stream stream = resources.add(device.openStream("rank " + rank));
        Memory memory = resources.add(place.openStack(rank));
        List<Memory> lanes = IntStream.range(0, schedule.lanes(config.microbatches()))
                .mapToObj(lane -> resources.add(place.openLane(rank))).toList();
        MemoryStack stack = new MemoryStack(memory, lanes, releases(device, stream));
        RankContext context = new RankContext(groups.world(), device, stream, stack, place.rendezvous(),
                List.copyOf(config.plugin().values()));
        return overlapping.isOn()
                ? context.withCommunication(
                        resources.add(device.openCommunicationStream("rank " + rank + ", communication")))
                : context;
    }

    /** In strict mode, fills released memory with NaN. */
    static StackWatcher releases(Device device, Stream stream) {
        return StackWatcher
                .onRelease(device.config().strict() ? freed -> stream.fill(freed, NAN_PATTERN) : freed -> {});
    }

    private RankCollectives collectives(RankContext context, RankGroups groups, Resources resources) {
        boolean exchanged = providers.comm().map(
                provider -> ExchangeNeeds.of(provider).needsCollectives())
                .orElse(false);
        return new RankCollectives(shared(groups.shards(), context, resources),
                shared(groups.replicas(), context, resources), shared(groups.expertShards(), context, resources),
                exchanged ? Optional.of(resources.add(place.openCollectives(groups.expertParallel(), context)))
                        : Optional.empty(),
                context.communication().map(stream -> beside(context, groups, resources)));
    }

    /** Collectives for the communication stream. They have barriers of their own, so that the two streams never wait for each other. */
    private RankCollectives beside(RankContext context, RankGroups groups, Resources resources) {
        return new RankCollectives(shared(beside(groups.shards()), context, resources),
                shared(beside(groups.replicas()), context, resources),
                shared(beside(groups.expertShards()), context, resources), Optional.empty(), Optional.empty());
    }

    private static Group beside(Group group) {
        return new Group(group.name() + RankGroups.BESIDE, group.ranks(), group.index());
    }

    /** Opens the collectives of a group; a group of one rank needs none. */
    private Optional<Collectives> shared(Group group, RankContext context, Resources resources) {
        return group.size() == 1 ? Optional.empty()
                : Optional.of(resources.add(place.openCollectives(group, context)));
    }

    private CommBackend comm(CommBackendProvider provider, RankContext context, RankGroups groups,
            RankCollectives collectives, Resources resources) {
        CommConfig shapes = RankShapes.exchange(config, spec, providers)
                .withKeptDispatches(recompute.keptDispatches());
        Optional<PeerGroup> peers = ExchangeNeeds.of(provider)
                .needsPeerMemory()
                        ? Optional.of(resources.add(
                                context.device().openPeerGroup(groups.expertParallel(), context.rendezvous())))
                        : Optional.empty();
        // The exchange gets a stream of its own, so that it does not wait for shards that are being gathered or reduced.
        RankContext given = context.communication().isEmpty() ? context
                : context.withCommunication(resources.add(context.device()
                        .openCommunicationStream("rank " + context.rank() + ", exchange")));
        CommBackend opened = resources.add(Opening.of(provider, () -> provider.open(shapes,
                new CommContext(given, groups.expertParallel(), peers, collectives.expertParallel()))));
        CommBackend backend = new AnsweredExchange(provider, opened);
        if (!PlugInFit.reportsOverflows(backend.statistics().isPresent(), config)) {
            throw new InputException("model.moe_comm_backend = \"" + provider.id() + "\": "
                    + PlugInFit.OVERFLOW_UNREPORTED + "; " + PlugInFit.OVERFLOW_REMEDY);
        }
        return config.profile().steps().isPresent() ? new SpannedExchange(backend, context.spans()) : backend;
    }

    /** The factor of each token's loss in the mean over the tokens of a step: 1 / (number of tokens, all ranks together). */
    private float perToken(double coefficient) {
        return (float) (coefficient / config.tokensPerStep());
    }

    private ModelContext modelContext(RankContext context, RankGroups groups, RankCollectives collectives,
            Optional<CommBackend> comm, Optional<ExpertKernels> kernels) {
        TrainingConfig training = config.training();
        Precision precision = new Precision(training.dtype(), training.parameterDtype(), training.gradientDtype(),
                config.optimizer().stateDtype()).withProducts(training.denseProducts(),
                        spec.moe().isPresent() ? training.expertProducts() : training.dtype(),
                        spec.moe().isPresent() ? config.dispatchedRows() : training.dtype())
                .withConvertedKept(training.keepConverted() == KeepConverted.ON || recompute.keepsConverted());
        ModelContext opened = new ModelContext(context, training.localBatchSize(), training.seqLen(), precision,
                collectives.dense(),
                collectives.expert(), groups.expertParallel(), comm, kernels, recompute.policy(),
                config.moe().forceLoadBalance(), training.seed())
                .withBlank(config.model().from().isPresent())
                .withRouterLosses(new RouterLossFactors(perToken(config.moe().sequenceBalanceCoeff()),
                        perToken(config.moe().routerZCoeff())))
                .withPredictionWeight(
                        (float) (config.training().mtpLossFactor() / Math.max(1, spec.predictionDepth())));
        return purpose == SessionPurpose.EVALUATION ? opened.withBlank(true).withForwardOnly()
                : config.lora().spec().map(opened::withLora).orElse(opened);
    }
}
