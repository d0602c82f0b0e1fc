package io.moe4j.comm.minimalasyncep;

import io.moe4j.api.comm.CommBackend;
import io.moe4j.api.comm.CommBackendProvider;
import io.moe4j.api.comm.CommConfig;
import io.moe4j.api.comm.CommContext;
import io.moe4j.api.comm.CommRequirements;
import io.moe4j.api.device.DeviceKind;
import io.moe4j.api.spi.Availability;
import io.moe4j.api.spi.Setting;
import io.moe4j.api.tensor.DType;
import java.util.List;

/** Offers {@code minimal_async_ep}. */
public final class MinimalAsyncEpProvider implements CommBackendProvider {

    /** For {@link java.util.ServiceLoader}. */
    public MinimalAsyncEpProvider() {}

    @Override
    public String id() {
        return MinimalAsyncEp.ID;
    }

    @Override
    public String spiVersion() {
        return CommBackendProvider.SPI_VERSION;
    }

    @Override
    public String description() {
        return "dispatch and combine through peer memory; the host never waits";
    }

    @Override
    public Availability probe() {
        return Availability.available();
    }

    @Override
    public boolean supports(DeviceKind kind) {
        return kind.equals(DeviceKind.PLANNING) || EpKernels.source().supports(kind);
    }

    @Override
    public boolean supports(DeviceKind kind, DType rowType) {
        return supports(kind) && rowType.isFloating();
    }

    @Override
    public boolean sendsRowsOnce() {
        return true;
    }

    @Override
    public boolean supportsRounds(DeviceKind kind) {
        return supports(kind);
    }

    @Override
    public List<Setting<?>> settings() {
        return List.of(MinimalAsyncEp.BLOCKS_BESIDE, MinimalAsyncEp.MULTIPROCESSORS_BESIDE);
    }

    @Override
    public CommRequirements requirements() {
        return CommRequirements.none().withFullRecompute().withPeerMemory();
    }

    @Override
    public CommBackend open(CommConfig config, CommContext context) {
        DeviceKind kind = context.rank().device().targetKind();
        return MinimalAsyncEp.open(config, context, supports(kind, config.rowType()));
    }
}
