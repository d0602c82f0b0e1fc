package io.moe4j.trainer.bench;

import io.moe4j.api.device.Device;
import io.moe4j.trainer.config.TrainerConfig;
import io.moe4j.trainer.session.Launch;
import java.util.ArrayList;
import java.util.List;
import java.util.function.IntFunction;

/**
 * The open devices of a benchmark.
 *
 * @param all one after the other
 * @param ofRanks the one of each rank
 */
record BenchDevices(List<Device> all, List<Device> ofRanks) implements AutoCloseable {

    /** Opens as many as the configuration asks for. */
    static BenchDevices open(TrainerConfig config, IntFunction<Device> opening) {
        List<Device> all = new ArrayList<>();
        try {
            for (int ordinal = 0; ordinal < config.runtime().devices(); ordinal++) {
                all.add(opening.apply(ordinal));
            }
            return new BenchDevices(all, Launch.threads(config).deviceOrdinals().stream().map(all::get).toList());
        } catch (RuntimeException | Error e) {
            all.reversed().forEach(Device::close);
            throw e;
        }
    }

    @Override
    public void close() {
        all.reversed().forEach(Device::close);
    }
}
