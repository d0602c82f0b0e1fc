package io.moe4j.trainer.update;

import io.moe4j.api.Stability;
import io.moe4j.autograd.sharding.Parameter;
import io.moe4j.autograd.sharding.ParameterUnit;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Function;

/**
 * How this rank's shard of a unit is updated. First moments are laid out like the shard; second moments are those of the stretches that have them, one
 * after the other.
 *
 * <p>Example: a shard of 512 elements, of which 128 to 384 are matrices that Muon updates, has stretches 0 to 128, 128 to 384 and 384 to 512, first
 * moments for 512 elements, and second moments for 256.
 *
 * @param unit its parameters and gradients
 * @param stretches the stretches of the shard, in order and without gaps
 * @param usesMuon whether some parameter of the unit, in whichever shard, is updated by Muon
 */
@Stability(Stability.Level.INTERNAL)
public record UnitUpdate(ParameterUnit unit, List<Stretch> stretches, boolean usesMuon) {

    /**
     * Divides a shard. Gaps between parameters belong to the stretch before them; they are zero, and stay so.
     *
     * @param rules the rule of each parameter
     */
    static UnitUpdate of(ParameterUnit unit, Function<Parameter, UpdateRule> rules) {
        List<Stretch> stretches = new ArrayList<>();
        unit.forEachPiece((parameter, from, fromInShard, count) -> {
            UpdateRule rule = rules.apply(parameter);
            if (stretches.isEmpty()) {
                stretches.add(new Stretch(0, fromInShard + count, rule));
            } else if (!stretches.getLast().rule().equals(rule)) {
                Stretch last = stretches.removeLast();
                stretches.add(new Stretch(last.from(), fromInShard, last.rule()));
                stretches.add(new Stretch(fromInShard, fromInShard + count, rule));
            }
        });
        long elements = unit.shard().elements();
        if (stretches.isEmpty()) {
            stretches.add(new Stretch(0, elements, new UpdateRule.AdamW(true)));
        } else {
            Stretch last = stretches.removeLast();
            stretches.add(new Stretch(last.from(), elements, last.rule()));
        }
        return new UnitUpdate(unit, List.copyOf(stretches),
                unit.parameters().stream().map(rules).anyMatch(UpdateRule.Muon.class::isInstance));
    }

    /** The number of elements of the shard. */
    long elements() {
        return unit.shard().elements();
    }

    /** Number of second moments. */
    long secondElements() {
        return secondBefore(elements());
    }

    /** How many second moments belong to elements before {@code position} of the shard. */
    long secondBefore(long position) {
        return stretches.stream().filter(stretch -> stretch.rule().hasSecondMoment())
                .mapToLong(stretch -> stretch.within(0, position).elements()).sum();
    }

    /** The stretches that have second moments. */
    public List<Stretch> withSecondMoments() {
        return stretches.stream().filter(stretch -> stretch.rule().hasSecondMoment()).toList();
    }
}
