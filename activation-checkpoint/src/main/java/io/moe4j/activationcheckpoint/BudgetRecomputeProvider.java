package io.moe4j.activationcheckpoint;

import io.moe4j.api.spi.Availability;
import io.moe4j.autograd.SegmentProfile;
import io.moe4j.autograd.recompute.KeptChoice;
import io.moe4j.autograd.recompute.RecomputePolicy;
import io.moe4j.autograd.recompute.RecomputePolicyProvider;
import java.util.List;

/** Offers {@code budget}. */
public final class BudgetRecomputeProvider implements RecomputePolicyProvider {

    @Override
    public String id() {
        return "budget";
    }

    @Override
    public String spiVersion() {
        return RecomputePolicyProvider.SPI_VERSION;
    }

    @Override
    public String description() {
        return "Keeps what saves most time for its bytes, within activation_checkpoint.memory_budget, and computes the rest again in backward";
    }

    @Override
    public Availability probe() {
        return Availability.available();
    }

    @Override
    public boolean recomputesFully() {
        return true;
    }

    @Override
    public RecomputePolicy policy() {
        return policy(KeptChoice.nothing());
    }

    @Override
    public boolean takesBudget() {
        return true;
    }

    @Override
    public KeptChoice choose(List<SegmentProfile> segments, long bytes) {
        return BudgetSelection.choose(segments, bytes);
    }

    @Override
    public RecomputePolicy policy(KeptChoice choice) {
        return new SegmentRecompute(choice);
    }
}
