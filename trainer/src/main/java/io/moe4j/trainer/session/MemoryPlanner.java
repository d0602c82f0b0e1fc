package io.moe4j.trainer.session;

import com.google.inject.Guice;
import io.moe4j.api.Stability;
import io.moe4j.api.group.Group;
import io.moe4j.api.group.RankContext;
import io.moe4j.api.memory.MemoryStack;
import io.moe4j.api.memory.Scope;
import io.moe4j.api.tensor.DType;
import io.moe4j.api.tensor.Tensor;
import io.moe4j.autograd.SegmentProfile;
import io.moe4j.autograd.Tape;
import io.moe4j.autograd.model.Model;
import io.moe4j.autograd.model.ModelSpec;
import io.moe4j.autograd.model.Stage;
import io.moe4j.autograd.sharding.ParameterUnit;
import io.moe4j.runtime.planning.PlanningDevice;
import io.moe4j.trainer.config.TrainerConfig;
import io.moe4j.trainer.step.Evaluator;
import io.moe4j.trainer.step.RankPhase;
import io.moe4j.trainer.step.Schedule;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.function.BiFunction;
import java.util.function.DoubleSupplier;
import java.util.function.Function;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/**
 * Determines the memory of a rank by making one step of the same model with the same plug-ins on a device that computes nothing. Plan and run agree because
 * both run the same code.
 *
 * @since 0.1.0
 */
@Stability(Stability.Level.EVOLVING)
public final class MemoryPlanner {

    private MemoryPlanner() {}

    /**
     * The plan of one rank, if all ranks are threads of one process. Ranks may differ: a rank that holds more layers, or a longer part of a schedule, needs
     * more memory.
     *
     * @param schedule the order in which microbatches pass through the model
     * @param purpose the purpose for which the rank is opened
     * @param recompute how the blocks run
     * @param overlapping whether ranks have a second stream
     * @param rank the rank in the world, from 0
     */
    public static RankPlan plan(TrainerConfig config, ModelSpec spec, Providers providers, Schedule schedule,
            SessionPurpose purpose, Recompute recompute, Overlapping overlapping, int rank) {
        return plan(config, spec, providers, schedule, purpose, recompute, overlapping, rank, group -> true);
    }

    /**
     * The plan of one rank.
     *
     * @param oneProcess whether all ranks of a group are threads of one process
     */
    static RankPlan plan(TrainerConfig config, ModelSpec spec, Providers providers, Schedule schedule,
            SessionPurpose purpose, Recompute recompute, Overlapping overlapping, int rank,
            Predicate<Group> oneProcess) {
        EvenRows rows = new EvenRows(0);
        Optional<CountedExchange> exchange = providers.comm().map(comm -> new CountedExchange(comm, rows));
        return onPlannedRank(config, spec, providers.withComm(exchange), schedule, purpose, recompute,
                overlapping, rank, oneProcess,
                (place, session) -> {
                    Map<String, Long> allocated = place.device(rank).allocatedBytes();
                    Map<String, Long> host = place.device(rank).allocatedHostBytes();
                    boolean trains = purpose == SessionPurpose.TRAINING;
                    if (trains) {
                        session.step().rehearse();
                    }
                    // Read the traffic before checks and validation, whose bytes do not belong to a step.
                    StepTraffic traffic = exchange.map(place::traffic).orElseGet(place::traffic);
                    if (trains) {
                        session.step().rehearseChecks();
                    }
                    session.evaluator().ifPresent(Evaluator::rehearse);
                    MemoryStack stack = session.context().memory();
                    MemoryPlan memory = new MemoryPlan(allocated, stack.peakByPurpose(), stack.peakBytes(),
                            stack.peakLaneBytes(), trains ? session.step().lanes() : 0, host);
                    return new RankPlan(memory, traffic, exchange.map(CountedExchange::capacityRows).orElse(0L));
                });
    }

    /** The figures of a rank's open model, which has no values here and takes no memory. */
    public static <T> T describe(TrainerConfig config, ModelSpec spec, Providers providers, Function<Model, T> told) {
        return onPlannedRank(config, spec, providers, Schedule.oneAfterTheOther(), SessionPurpose.TRAINING,
                Recompute.of(providers.recompute().policy()), Overlapping.OFF, 0,
                (place, session) -> told.apply(session.model()));
    }

    /**
     * The blocks of a model, with the costs and the inputs of their operations; empty if the model has no stages. All ranks have the same blocks.
     *
     * @since 0.3.0
     */
    static List<SegmentProfile> profile(TrainerConfig config, ModelSpec spec, Providers providers) {
        EvenRows rows = new EvenRows(
                spec.moe().map(moe -> config.training().localTokens() * moe.topK()).orElse(0L));
        Providers counted = providers.withComm(providers.comm().map(comm -> new CountedExchange(comm, rows)))
                .withKernels(providers.kernels().map(kernels -> new CountedKernels(kernels, rows)));
        return onPlannedRank(config, spec, counted, Schedule.oneAfterTheOther(), SessionPurpose.TRAINING,
                Recompute.of(providers.recompute().policy()), Overlapping.OFF, 0,
                (place, session) -> profiles(session, config.training().localTokens(),
                        place.device(0).work()::total));
    }

    private static List<SegmentProfile> profiles(RankSession session, long tokens, DoubleSupplier cost) {
        RankContext rank = session.context();
        List<SegmentProfile> profiles = new ArrayList<>();
        @Nullable Tensor x_TD = null;
        try (Scope step = rank.memory().openStep()) {
            session.model().prepare();
            for (Stage stage : session.model().stages()) {
                switch (stage) {
                    case Stage.First first -> x_TD = first.forward(Tape.inference(rank),
                            rank.memory().allocate("inputs", DType.I32, tokens)).tensor();
                    case Stage.Inner block -> profiles.add(profile(rank, block, Objects.requireNonNull(x_TD), cost));
                    case Stage.Last last -> {}
                }
            }
        }
        return profiles;
    }

    private static SegmentProfile profile(RankContext rank, Stage.Inner block, Tensor x_TD, DoubleSupplier cost) {
        Deque<ParameterUnit.Gathered> gathered = new ArrayDeque<>();
        try (Scope scope = rank.memory().open()) {
            block.units().forEach(unit -> gathered.push(unit.gather()));
            Tape tape = Tape.profiling(rank, cost);
            SegmentProfile profile = tape.profile(block.name(), block.forward(tape, tape.input(x_TD, true)));
            gathered.forEach(ParameterUnit.Gathered::close);
            return profile;
        }
    }

    /** The result of {@code work} with a rank that is open on a device that computes nothing. */
    static <T> T onPlannedRank(TrainerConfig config, ModelSpec spec, Providers providers, Schedule schedule,
            SessionPurpose purpose, Recompute recompute, Overlapping overlapping, int rank,
            BiFunction<PlanningPlace, RankSession, T> work) {
        return onPlannedRank(config, spec, providers, schedule, purpose, recompute, overlapping, rank, group -> true,
                work);
    }

    private static <T> T onPlannedRank(TrainerConfig config, ModelSpec spec, Providers providers, Schedule schedule,
            SessionPurpose purpose, Recompute recompute, Overlapping overlapping, int rank,
            Predicate<Group> oneProcess, BiFunction<PlanningPlace, RankSession, T> work) {
        try (PlanningDevice device = PlanningDevice.open(providers.device().kind(),
                TrainingSession.deviceConfig(config.runtime(), 0), providers.device().workspaceSizes())) {
            PlanningPlace place = new PlanningPlace(device, providers.collectives(), oneProcess);
            RankOpener opener = Guice.createInjector(
                    new SessionModule(config, spec, providers, place, schedule, purpose, recompute, overlapping))
                    .getInstance(RankOpener.class);
            try (RankSession session = opener.open(rank, new RankPhase())) {
                return work.apply(place, session);
            }
        }
    }
}
