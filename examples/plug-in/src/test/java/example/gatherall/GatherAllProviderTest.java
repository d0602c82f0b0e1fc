package example.gatherall;

import static org.junit.jupiter.api.Assertions.assertEquals;

import io.moe4j.api.comm.CommBackendProvider;
import java.util.List;
import java.util.ServiceLoader;
import org.junit.jupiter.api.Test;

class GatherAllProviderTest {

    /** As a host finds it, on a class path too. */
    @Test
    void itIsFoundAsAService() {
        List<String> found = ServiceLoader.load(CommBackendProvider.class).stream().map(each -> each.get().id()).toList();
        assertEquals(List.of("gather_all"), found);
    }
}
