import keras
from sagemaker_training import environment

if __name__ == "__main__":
    env = environment.Environment()
    model = keras.Sequential([keras.layers.Dense(1)])
    model.compile("sgd", "mse")
    data = keras.utils.image_dataset_from_directory(env.channel_input_dirs["train"])
    model.fit(data, epochs=env.hyperparameters["epochs"])
    model.save(env.model_dir + "/model.keras")
