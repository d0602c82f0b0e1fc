package io.moe4j.trainer.config;

import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.RecordComponent;
import java.util.Arrays;

/** Copies a record with one component changed, so that a wither is one line and stays right when a component is added. */
final class Components {

    private Components() {}

    /**
     * Copies a record.
     *
     * @param name the component to change, such as {@code "steps"}
     * @throws IllegalArgumentException if the record's constructor refuses the value
     */
    static <R extends Record> R with(R record, String name, Object value) {
        RecordComponent[] components = record.getClass().getRecordComponents();
        Object[] values = new Object[components.length];
        boolean found = false;
        try {
            for (int i = 0; i < components.length; i++) {
                boolean differs = components[i].getName().equals(name);
                found |= differs;
                values[i] = differs ? value : components[i].getAccessor().invoke(record);
            }
            if (!found) {
                throw new IllegalStateException(record.getClass().getSimpleName() + " has no component " + name);
            }
            Class<?>[] types = Arrays.stream(components).map(RecordComponent::getType).toArray(Class<?>[]::new);
            @SuppressWarnings("unchecked") R copy = (R) record.getClass().getDeclaredConstructor(types)
                    .newInstance(values);
            return copy;
        } catch (InvocationTargetException e) {
            throw e.getCause() instanceof RuntimeException refusal ? refusal : new IllegalStateException(e.getCause());
        } catch (ReflectiveOperationException e) {
            throw new IllegalStateException(e);
        }
    }
}
