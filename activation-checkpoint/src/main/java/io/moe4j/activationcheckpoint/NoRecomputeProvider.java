package io.moe4j.activationcheckpoint;

import io.moe4j.api.spi.Availability;
import io.moe4j.autograd.recompute.RecomputePolicy;
import io.moe4j.autograd.recompute.RecomputePolicyProvider;

/** Offers {@code none}. */
public final class NoRecomputeProvider implements RecomputePolicyProvider {

    @Override
    public String id() {
        return "none";
    }

    @Override
    public String spiVersion() {
        return RecomputePolicyProvider.SPI_VERSION;
    }

    @Override
    public String description() {
        return "Keeps every activation until backward";
    }

    @Override
    public Availability probe() {
        return Availability.available();
    }

    @Override
    public boolean recomputesFully() {
        return false;
    }

    @Override
    public RecomputePolicy policy() {
        return new NoRecompute();
    }
}
