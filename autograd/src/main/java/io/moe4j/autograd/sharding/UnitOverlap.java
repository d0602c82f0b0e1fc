package io.moe4j.autograd.sharding;

import io.moe4j.api.Stability;
import io.moe4j.api.device.Event;
import io.moe4j.api.device.Stream;
import io.moe4j.api.group.RankContext;
import io.moe4j.api.spi.Resources;
import io.moe4j.api.tensor.Tensor;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Deque;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * Gathers the units of the next stage, and reduces the gradients of the one before, on the rank's stream for communication, while a stage computes on the
 * main stream. Results have the same bits as without it: the same operations run on the same values, only at other times.
 *
 * <p>Stages alternate between two {@linkplain GatherRoom rooms} of memory, so that neighbours never share one. Example, four blocks and a head, with the
 * room of each in brackets: forward gathers {@code b0[0] b1[1] b2[0] b3[1] head[0]}, backward {@code b3[1] b2[0] b1[1] b0[0]}. While b1 computes in room 1,
 * b2 is gathered into room 0, which b0 has left; and in backward, while b1 computes, the gradients of b2 in room 0 are reduced. A stage whose units
 * {@linkplain ParameterUnit#keepGathered keep} what they gather has a room of its own for values, and backward finds them there.
 *
 * <p>A pass says in which order it gathers ({@link #expect}). Whatever is gathered in another order, or outside of a pass, or while its room is in use, is
 * gathered on the main stream, as without this object. The memory of the rooms belongs to this object; so the rank's memory stack never gives it to other
 * work while the stream for communication uses it.
 *
 * <p>Used by the rank's thread only. All ranks make the same calls in the same order; so they enqueue the same work in the same order on both streams.
 *
 * @since 0.3.0
 */
@Stability(Stability.Level.INTERNAL)
public final class UnitOverlap implements AutoCloseable {
    private final Stream main;
    private final Stream beside;
    private final Resources resources;
    private final Map<ParameterUnit, OverlappedStage> stages = new LinkedHashMap<>();
    private final Deque<OverlappedStage> expected = new ArrayDeque<>();
    private final Optional<Tensor> sums;
    private boolean pending;

    /**
     * Attaches itself to the units that it can gather ahead: those that are spread over several ranks, have collectives for a second stream, and belong to
     * one stage only.
     *
     * @param stages the units of each stage, in the order of forward; without the first stage: nothing computes while it is gathered
     * @param accumulates whether a step may have several microbatches
     * @return empty if there are no such units, or if the rank has no stream for communication
     */
    public static Optional<UnitOverlap> open(RankContext rank, List<List<ParameterUnit>> stages, boolean accumulates) {
        Map<ParameterUnit, Integer> uses = new HashMap<>();
        stages.forEach(units -> units.forEach(unit -> uses.merge(unit, 1, Integer::sum)));
        List<List<ParameterUnit>> able = stages.stream()
                .map(units -> units.stream().filter(ParameterUnit::canOverlap)
                        .filter(unit -> uses.getOrDefault(unit, 0) == 1)
                        .toList())
                .filter(units -> !units.isEmpty()).toList();
        return able.isEmpty() || rank.communication().isEmpty() ? Optional.empty()
                : Optional.of(Resources.open("overlapped units",
                        resources -> new UnitOverlap(rank, able, accumulates, resources)));
    }

    private UnitOverlap(RankContext rank, List<List<ParameterUnit>> able, boolean accumulates, Resources resources) {
        this.main = rank.stream();
        this.beside = rank.communication().orElseThrow();
        this.resources = resources;
        List<List<ParameterUnit>> sharing = able.stream().filter(units -> !keepGathered(units)).toList();
        List<GatherRoom> rooms = new ArrayList<>();
        for (int room = 0; room < Math.min(2, sharing.size()); room++) {
            rooms.add(GatherRoom.shared(rank.device(), everySecond(sharing, room), resources));
        }
        List<GradientRoom> gradientRooms = new ArrayList<>();
        for (int room = 0; room < Math.min(2, able.size()); room++) {
            gradientRooms.add(GradientRoom.open(rank.device(), everySecond(able, room), resources));
        }
        for (int i = 0; i < able.size(); i++) {
            List<ParameterUnit> units = able.get(i);
            OverlappedStage stage = new OverlappedStage(units, keepGathered(units) ? GatherRoom.kept()
                    : rooms.get(sharing.indexOf(units) % 2), gradientRooms.get(i % 2));
            units.forEach(unit -> stages.put(unit, stage));
        }
        this.sums = accumulates ? GradientRoom.sums(rank.device(), stages.keySet(), resources) : Optional.empty();
        stages.keySet().forEach(unit -> unit.overlapWith(this));
    }

    /** Whether all units of a stage keep what they gather, so that its values need no room that others share. */
    private static boolean keepGathered(List<ParameterUnit> units) {
        return units.stream().allMatch(unit -> unit.values().place().isPresent());
    }

    private static List<List<ParameterUnit>> everySecond(List<List<ParameterUnit>> all, int from) {
        List<List<ParameterUnit>> some = new ArrayList<>();
        for (int i = from; i < all.size(); i += 2) {
            some.add(all.get(i));
        }
        return some;
    }

    /**
     * Says which stages are gathered from now on, in this order, and begins with the first. What was expected before is forgotten.
     *
     * @param order the units of each stage
     */
    public void expect(List<? extends Collection<ParameterUnit>> order) {
        expected.clear();
        for (Collection<ParameterUnit> units : order) {
            units.stream().map(stages::get).filter(stage -> stage != null).findFirst().ifPresent(expected::add);
        }
        startNext();
    }

    /**
     * Lets the main stream wait for all work of the stream for communication. Forgets which stages are expected, and the values in shared memory.
     */
    public void finish() {
        if (pending) {
            main.await(beside.record());
        }
        pending = false;
        expected.clear();
        stages.values().forEach(OverlappedStage::endPass);
    }

    /** The gathered values of a unit, on the main stream; empty if they are to be gathered there. */
    Optional<Tensor> gathered(ParameterUnit unit) {
        OverlappedStage stage = stageOf(unit);
        if (stage.equals(expected.peek())) {
            start(stage);
            expected.poll();
        }
        Optional<Tensor> values = stage.use(unit, main);
        if (values.isPresent() || unit.values().hasGathered()) {
            startNext();
        }
        return values;
    }

    /** The values of a unit may have changed. Called outside of a pass. */
    void outdate(ParameterUnit unit) {
        stageOf(unit).outdate();
    }

    /** Notes that work that is enqueued on the main stream from now on does not use the values. */
    void leave(ParameterUnit unit) {
        stageOf(unit).leave();
    }

    /** Memory for the gradients of a unit, until they are reduced; empty if the room is in use. */
    Optional<Tensor> openGradients(ParameterUnit unit) {
        return stageOf(unit).openGradients(unit, main);
    }

    /** Enqueues the reduction of a unit, whose gradients are complete where the main stream is now. */
    void reduce(ParameterUnit unit, Reduction reduction) {
        fork();
        reduction.enqueue(beside, sums);
        stageOf(unit).reduced(beside.record());
    }

    private OverlappedStage stageOf(ParameterUnit unit) {
        OverlappedStage stage = stages.get(unit);
        if (stage == null) {
            throw new IllegalArgumentException("unit " + unit.name() + " is not among the overlapped ones");
        }
        return stage;
    }

    private void startNext() {
        OverlappedStage next = expected.peek();
        if (next != null) {
            start(next);
        }
    }

    private void start(OverlappedStage stage) {
        if (stage.canStart()) {
            // Everything that the main stream has enqueued so far may use the room; what it enqueues from now on does not.
            fork();
            stage.gather(beside);
        }
    }

    private void fork() {
        Event here = main.record();
        beside.await(here);
        pending = true;
    }

    @Override
    public void close() {
        stages.keySet().forEach(unit -> unit.overlapWith(null));
        resources.close();
    }

    /** Work on the stream for communication. */
    @FunctionalInterface
    interface Reduction {
        /**
         * Enqueues it.
         *
         * @param sums memory for the sum over ranks before it is added to that of earlier microbatches; only if there can be any
         */
        void enqueue(Stream stream, Optional<Tensor> sums);
    }
}
