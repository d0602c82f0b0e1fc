package io.moe4j.tests.compat;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;

import io.moe4j.autograd.recompute.RecomputePolicyProvider;
import java.lang.module.ModuleFinder;
import java.nio.file.Path;
import java.util.ServiceLoader;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A plug-in tells the version that it was built against, whatever host it is loaded into. */
final class BuiltVersionTest {

    @TempDir
    Path work;

    @Test
    void theVersionOfTheBuildStaysInTheJar() throws Exception {
        assertNotEquals("0.7", RecomputePolicyProvider.SPI_VERSION);
        Path jar = PlugInJar.write(PlugIns.recomputePolicy("inlined"), OtherVersion.of("0.7", work), work,
                work.resolve("plugins/inlined.jar"));
        ModuleLayer host = BuiltVersionTest.class.getModule().getLayer();
        ModuleLayer layer = host.defineModulesWithOneLoader(
                host.configuration().resolve(ModuleFinder.of(jar), ModuleFinder.of(), Set.of("outside.inlined")),
                BuiltVersionTest.class.getClassLoader());
        RecomputePolicyProvider provider = ServiceLoader.load(layer, RecomputePolicyProvider.class).stream()
                .filter(found -> found.type().getModule().getName().equals("outside.inlined"))
                .findFirst().orElseThrow().get();
        assertEquals("0.7", provider.spiVersion());
    }
}
