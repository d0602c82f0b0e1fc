package example.gatherall;

import io.moe4j.api.comm.CommBackend;
import io.moe4j.api.comm.CommBackendProvider;
import io.moe4j.api.comm.CommConfig;
import io.moe4j.api.comm.CommContext;
import io.moe4j.api.comm.CommRequirements;
import io.moe4j.api.comm.ReceiveCapacity;
import io.moe4j.api.comm.support.ExchangeChecks;
import io.moe4j.api.device.DeviceException;
import io.moe4j.api.device.DeviceKind;
import io.moe4j.api.spi.Availability;
import io.moe4j.api.spi.Resources;
import io.moe4j.api.spi.Setting;
import io.moe4j.api.tensor.DType;
import java.util.List;

/** Offers {@code gather_all}. Stateless: all work begins in {@link #open}. */
public final class GatherAllProvider implements CommBackendProvider {
    static final String ID = "gather_all";
    /** {@code [plugin.gather_all] grain}: rows that are worth handing to another core. */
    static final Setting<Long> GRAIN = Setting.integer("grain", 64, 1, 1 << 20);

    @Override
    public String id() {
        return ID;
    }

    @Override
    public String spiVersion() {
        // The compiler copies the constant: this jar tells the version that it was built against, for ever.
        return CommBackendProvider.SPI_VERSION;
    }

    @Override
    public String description() {
        return "every rank gathers all tokens, and picks those of its experts";
    }

    @Override
    public List<Setting<?>> settings() {
        return List.of(GRAIN);
    }

    @Override
    public Availability probe() {
        return Availability.available();
    }

    @Override
    public boolean supports(DeviceKind kind) {
        return kind.equals(DeviceKind.CPU);
    }

    @Override
    public boolean supports(DeviceKind kind, DType rowType) {
        return supports(kind) && rowType == DType.F32;
    }

    @Override
    public CommRequirements requirements() {
        // Every row is gathered anyway: there is no buffer that could be smaller, and nothing is ever dropped.
        return CommRequirements.none().withCollectives().withWorstCaseOnly();
    }

    @Override
    public CommBackend open(CommConfig config, CommContext context) {
        if (config.rowType() != DType.F32) {
            throw new DeviceException("gather_all exchanges rows of F32, not " + config.rowType()
                    + "; set training.dtype to float32");
        }
        if (!(config.capacity() instanceof ReceiveCapacity.WorstCase)) {
            throw new DeviceException("gather_all has the worst-case capacity only, not " + config.capacity()
                    + "; set moe.receive_capacity to worst_case");
        }
        ExchangeChecks checks = new ExchangeChecks(id(), config);
        checks.group(context.group());
        if (context.collectives().isEmpty()) {
            throw new DeviceException("gather_all was opened without collectives; open them for the group, as its"
                    + " requirements say");
        }
        return Resources.open(id(), resources -> new GatherAll(checks, context, resources));
    }
}
