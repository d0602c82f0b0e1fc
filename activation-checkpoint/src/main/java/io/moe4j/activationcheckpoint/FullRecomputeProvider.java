package io.moe4j.activationcheckpoint;

import io.moe4j.api.spi.Availability;
import io.moe4j.autograd.recompute.KeptChoice;
import io.moe4j.autograd.recompute.RecomputePolicy;
import io.moe4j.autograd.recompute.RecomputePolicyProvider;

/** Offers {@code full}. */
public final class FullRecomputeProvider implements RecomputePolicyProvider {

    @Override
    public String id() {
        return "full";
    }

    @Override
    public String spiVersion() {
        return RecomputePolicyProvider.SPI_VERSION;
    }

    @Override
    public String description() {
        return "Keeps each block's input, and computes the rest again in backward";
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
        return new SegmentRecompute(KeptChoice.nothing());
    }
}
