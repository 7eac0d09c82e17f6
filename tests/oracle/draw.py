def table():
    import sagemaker.image_uris as i
    return i.config_for_framework("tensorflow")["training"]
def pythons(row): 
    return row.get("py_versions",[])
