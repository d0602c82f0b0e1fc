package io.moe4j.app.bench;

import io.moe4j.api.device.Device;
import io.moe4j.api.spi.Resources;
import io.moe4j.trainer.config.TrainerConfig;
import io.moe4j.trainer.session.RankLaunch;
import java.util.ArrayList;
import java.util.List;
import java.util.function.IntFunction;

/**
 * The open devices of a benchmark.
 *
 * @param all each device once
 * @param ofRanks the device of each rank
 * @param opened closes them
 */
record BenchDevices(List<Device> all, List<Device> ofRanks, Resources opened) implements AutoCloseable {

    /** Opens as many devices as the configuration asks for. */
    static BenchDevices open(TrainerConfig config, IntFunction<Device> opening) {
        return Resources.open("benchmark", opened -> {
            List<Device> all = new ArrayList<>();
            for (int ordinal = 0; ordinal < config.runtime().devices(); ordinal++) {
                all.add(opened.add(opening.apply(ordinal)));
            }
            List<Device> ofRanks = RankLaunch.threads(config).deviceOrdinals().stream().map(all::get).toList();
            return new BenchDevices(all, ofRanks, opened);
        });
    }

    @Override
    public void close() {
        opened.close();
    }
}
