package io.moe4j.tests.integration;

import io.moe4j.api.comm.CommBackend;
import io.moe4j.api.tensor.Tensor;
import io.moe4j.autograd.model.Model;
import io.moe4j.autograd.model.ModelContext;
import io.moe4j.autograd.model.ModelSpec;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Proxy;

/** A model whose exchange reports dropped rows that it has not counted among those that it was to receive. */
final class Misreporting {

    private Misreporting() {}

    /** The model {@code spec}, whose rank {@code rank} reports {@code droppedRows} in each step, as the second element of the statistics. */
    static ModelSpec of(ModelSpec spec, int rank, long droppedRows) {
        return intercepted(ModelSpec.class, spec, (method, arguments, result) -> switch (result) {
            case ModelSpec other -> of(other, rank, droppedRows);
            case Model model when arguments[0] instanceof ModelContext context && context.rank().rank() == rank
                    && context.comm().isPresent() -> misreporting(model, context, context.comm().get(), droppedRows);
            default -> result;
        });
    }

    private static Model misreporting(Model model, ModelContext context, CommBackend comm, long droppedRows) {
        return intercepted(Model.class, model, (method, arguments, result) -> {
            if (method.equals("begin")) {
                Tensor statistics = comm.statistics().orElseThrow();
                context.rank().stream().fill(statistics.slice(0, 1, 2), droppedRows);
            }
            return result;
        });
    }

    /** Sees every call of an interface with its result, and may change it. */
    interface After {
        Object apply(String method, Object[] arguments, Object result);
    }

    static <T> T intercepted(Class<T> type, T target, After after) {
        return type.cast(Proxy.newProxyInstance(type.getClassLoader(), new Class<?>[] {type},
                (proxy, method, arguments) -> {
                    try {
                        Object result = method.invoke(target, arguments);
                        return after.apply(method.getName(), arguments, result);
                    } catch (InvocationTargetException e) {
                        throw e.getCause();
                    }
                }));
    }
}
