package io.moe4j.runtime.cpu.engine;

/** Runs commands at once, on the thread that submits them, and throws failures there. */
final class InlineQueue implements CommandQueue {
    private final CorePool pool;

    InlineQueue(CorePool pool) {
        this.pool = pool;
    }

    @Override
    public void add(Command command) {
        pool.enter();
        try {
            command.work().run();
        } finally {
            pool.leave();
        }
    }

    @Override
    public void addMarker(CpuEvent event) {
        event.reached();
    }

    @Override
    public void drain() {}

    @Override
    public boolean isImmediate() {
        return true;
    }

    @Override
    public void close() {}
}
